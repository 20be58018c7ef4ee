//! Options of virt-v2v that ask for what this command does not do.

use v2v_cli::usage;

/// The options of virt-v2v with one dash and several letters, and their names here.
pub const VIRT_V2V_ONE_DASH: &[(&str, &str)] = &[
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
pub struct VirtV2vArgs {
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

/// What a program reads, which decides on the options of virt-v2v that it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Input {
    /// The modes of `-i` that say what it does anyway, the usual one first.
    pub modes: &'static [&'static str],
    /// Its source: `.vmx file`.
    pub source: &'static str,
    /// What becomes of disks instead.
    pub disks: &'static str,
}

impl VirtV2vArgs {
    /// The notes on what was accepted, for a program that reads `input`.
    ///
    /// # Errors
    ///
    /// Wrong usage for an option that can't be meant here.
    pub fn check(&self, input: &Input) -> anyhow::Result<Vec<String>> {
        let source = input.source;
        let is_other = |mode: &&str| !input.modes.contains(mode);
        if let Some(mode) = self.input_mode.as_deref().filter(is_other) {
            let usual = input.modes.first().unwrap_or(&"");
            return Err(usage(format!(
                "-i {mode}: only a {source} is read here, -i {usual}"
            )));
        }
        let remote = &*format!("nothing is read from another host; copy the {source} here first");
        let disks = input.disks;
        const INSIDE: &str = "the inside of the guest is not looked at here";
        for (option, given, reason) in [
            ("-if", self.input_format.is_some(), disks),
            ("-ic", self.input_connection.is_some(), remote),
            ("-it", self.input_transport.is_some(), remote),
            ("-io", !self.input_option.is_empty(), remote),
            ("-ip", self.input_password.is_some(), remote),
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
            ("-oo", !self.output_option.is_empty(), disks),
            ("-oa", self.output_allocation.is_some(), disks),
            ("--compressed", self.compressed, disks),
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
