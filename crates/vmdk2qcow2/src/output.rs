//! Standard output, which may be full or closed.

use std::io::{self, Write as _};

use anyhow::Context as _;

/// Prints the product. `println!` would panic where `| head` has read enough.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    written(
        io::stdout()
            .write_all(text.as_bytes())
            .and_then(|()| io::stdout().flush()),
    )
}

/// Says what could not be written.
pub(crate) fn written(result: io::Result<()>) -> anyhow::Result<()> {
    result.context("cannot write to standard output")
}
