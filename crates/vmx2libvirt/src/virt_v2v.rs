//! Options of virt-v2v that ask for what this command does not do.

use crate::failure::usage;

/// The ones with one dash and several letters, and their names here.
pub(crate) const ONE_DASH: &[(&str, &str)] = &[
    ("if", "input-format"),
    ("ic", "input-connection"),
    ("it", "input-transport"),
    ("io", "input-option"),
    ("ip", "input-password"),
    ("oa", "output-allocation"),
    ("oc", "output-connection"),
    ("oo", "output-option"),
];

/// Accepted with a note where nothing is lost, refused with the reason where something else would come out.
#[derive(Debug, clap::Args)]
pub(crate) struct VirtV2vArgs {
    #[arg(short = 'i', hide = true)]
    input_mode: Option<String>,
    #[arg(short = 'o', hide = true)]
    output_mode: Option<String>,
    #[arg(long, hide = true)]
    input_format: Option<String>,
    #[arg(long, hide = true)]
    input_connection: Option<String>,
    #[arg(long, hide = true)]
    input_transport: Option<String>,
    #[arg(long, hide = true)]
    input_option: Vec<String>,
    #[arg(long, hide = true)]
    input_password: Option<String>,
    #[arg(long, hide = true)]
    output_allocation: Option<String>,
    #[arg(long, hide = true)]
    output_connection: Option<String>,
    #[arg(long, hide = true)]
    output_option: Vec<String>,
    #[arg(long, hide = true)]
    root: Option<String>,
    #[arg(long, hide = true)]
    key: Vec<String>,
    #[arg(long, hide = true)]
    keys_from_stdin: bool,
    #[arg(long, hide = true)]
    compressed: bool,
    #[arg(long, hide = true)]
    parallel: Option<String>,
    #[arg(long, hide = true)]
    bandwidth: Option<String>,
    #[arg(long, hide = true)]
    no_fstrim: bool,
    #[arg(long, hide = true)]
    smp: Option<String>,
    #[arg(long, hide = true)]
    memsize: Option<String>,
    #[arg(short = 'x', hide = true)]
    trace: bool,
    #[arg(long, hide = true, alias = "colors", alias = "color", alias = "colour")]
    colours: bool,
    #[arg(long, hide = true)]
    wrap: bool,
}

impl VirtV2vArgs {
    /// The notes on what was accepted.
    ///
    /// # Errors
    ///
    /// Wrong usage for an option that can't be meant here.
    pub(crate) fn check(&self) -> anyhow::Result<Vec<String>> {
        if let Some(mode) = self.input_mode.as_deref().filter(|mode| *mode != "vmx") {
            return Err(usage(format!(
                "-i {mode}: only a .vmx file is read here, -i vmx"
            )));
        }
        const REMOTE: &str = "nothing is read from another host; copy the .vmx file here first";
        const DISKS: &str = "disks are not converted here; that is vmdk2qcow2's work";
        const INSIDE: &str = "the inside of the guest is not looked at here";
        for (option, given, reason) in [
            ("-if", self.input_format.is_some(), DISKS),
            ("-ic", self.input_connection.is_some(), REMOTE),
            ("-it", self.input_transport.is_some(), REMOTE),
            ("-io", !self.input_option.is_empty(), REMOTE),
            ("-ip", self.input_password.is_some(), REMOTE),
            (
                "-o",
                self.output_mode.is_some(),
                "only XML is written here; --output FILE says where, -os DIR where the disks lie",
            ),
            (
                "-oc",
                self.output_connection.is_some(),
                "nothing is defined here; use virsh -c URI define on the result",
            ),
            ("-oo", !self.output_option.is_empty(), DISKS),
            ("-oa", self.output_allocation.is_some(), DISKS),
            ("--compressed", self.compressed, DISKS),
            ("--root", self.root.is_some(), INSIDE),
            ("--key", !self.key.is_empty(), INSIDE),
            ("--keys-from-stdin", self.keys_from_stdin, INSIDE),
        ] {
            if given {
                return Err(usage(format!("{option}: {reason}")));
            }
        }
        Ok(self.notes())
    }

    fn notes(&self) -> Vec<String> {
        const NO_COPY: &str = "accepted; no disk is copied here";
        const NO_APPLIANCE: &str = "accepted; there is no appliance here";
        [
            ("--parallel", self.parallel.is_some(), NO_COPY),
            ("--bandwidth", self.bandwidth.is_some(), NO_COPY),
            ("--no-fstrim", self.no_fstrim, NO_APPLIANCE),
            ("--smp", self.smp.is_some(), NO_APPLIANCE),
            ("--memsize", self.memsize.is_some(), NO_APPLIANCE),
            ("-x", self.trace, "accepted; -vv shows the most"),
            ("--colours", self.colours, "accepted; the output has none"),
            ("--wrap", self.wrap, "accepted; lines are not wrapped"),
        ]
        .into_iter()
        .filter(|(_, given, _)| *given)
        .map(|(option, _, note)| format!("{option}: {note}"))
        .collect()
    }
}
