//! libvirt's own opinion of a result.

use std::io::{ErrorKind, Write as _};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

const TOOL: &str = "virt-xml-validate";

/// Checks a domain against libvirt's schema, with libvirt's own tool.
///
/// # Errors
///
/// What the tool says of an invalid domain, or that the tool is missing.
pub fn validate(xml: &str) -> anyhow::Result<()> {
    // The tool reads its input twice, so it takes no pipe.
    let mut file = tempfile::Builder::new()
        .prefix("v2v-")
        .suffix(".xml")
        .tempfile()
        .context("--validate: cannot make a temporary file")?;
    file.write_all(xml.as_bytes())
        .context("--validate: cannot write a temporary file")?;
    let output = Command::new(TOOL)
        .arg(file.path())
        .arg("domain")
        .stdin(Stdio::null())
        .output();
    let output = match output {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => bail!(
            "--validate: {TOOL} is not installed; it is in the package libvirt-clients (Debian, Ubuntu) or \
             libvirt-client (Fedora, RHEL, SUSE)"
        ),
        Err(error) => return Err(error).context(format!("--validate: cannot run {TOOL}")),
    };
    if output.status.success() {
        return Ok(());
    }
    let said =
        String::from_utf8_lossy(&output.stderr).replace(&*file.path().to_string_lossy(), "result");
    bail!(
        "--validate: {TOOL} found the result invalid: {}",
        said.trim()
    )
}
