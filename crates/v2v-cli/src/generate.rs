//! Man pages and shell completions from the argument structs.

use std::io::{self, Write};

use clap::{Command, ValueEnum};
use clap_complete::Shell;
use clap_mangen::Man;

/// What the hidden option `--generate` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Generate {
    /// The man page, section 1.
    Man,
    /// Completions for bash.
    Bash,
    /// Completions for zsh.
    Zsh,
    /// Completions for fish.
    Fish,
}

impl Generate {
    /// Writes the man page or the completions of `command`. Subcommands are part of the one page.
    ///
    /// # Errors
    ///
    /// If `out` cannot be written.
    pub fn write(self, mut command: Command, out: &mut dyn Write) -> io::Result<()> {
        let shell = match self {
            Generate::Man => return man(command, out),
            Generate::Bash => Shell::Bash,
            Generate::Zsh => Shell::Zsh,
            Generate::Fish => Shell::Fish,
        };
        let name = command.get_name().to_owned();
        // clap_complete panics if it cannot write, so it gets memory.
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut command, name, &mut script);
        out.write_all(&script)?;
        out.flush()
    }
}

fn man(command: Command, out: &mut dyn Write) -> io::Result<()> {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let subcommands: Vec<Command> = command
        .get_subcommands()
        .filter(|sub| !sub.is_hide_set())
        .cloned()
        .collect();
    let has_version = command.get_version().is_some() || command.get_long_version().is_some();
    let has_extra = command.get_after_long_help().is_some() || command.get_after_help().is_some();

    let page = Man::new(command).manual("v2v");
    page.render_title(out)?;
    page.render_name_section(out)?;
    page.render_synopsis_section(out)?;
    page.render_description_section(out)?;
    page.render_options_section(out)?;
    for subcommand in subcommands {
        write_subcommand(subcommand, out)?;
    }
    if has_extra {
        page.render_extra_section(out)?;
    }
    if has_version {
        page.render_version_section(out)?;
    }
    out.flush()
}

/// A section of the page, with the sections that a page of its own would have as its parts.
fn write_subcommand(subcommand: Command, out: &mut dyn Write) -> io::Result<()> {
    let name = subcommand.get_name().to_uppercase();
    let page = Man::new(subcommand);
    let mut text = Vec::new();
    page.render_synopsis_section(&mut text)?;
    page.render_description_section(&mut text)?;
    page.render_options_section(&mut text)?;
    let text = String::from_utf8_lossy(&text).replace(".SH ", ".SS ");
    write!(out, ".SH {name}\n{text}")
}

#[cfg(test)]
mod tests {
    use clap::Arg;

    use super::*;

    fn command() -> Command {
        Command::new("vmdk2qcow2")
            .version("0.1.0")
            .about("Converts disk images")
            .arg(Arg::new("level").long("level").help("Snapshot level"))
            .arg(Arg::new("generate").long("generate").hide(true))
            .subcommand(
                Command::new("info")
                    .about("Tells what an image is")
                    .arg(Arg::new("chain").long("backing-chain")),
            )
    }

    fn text(what: Generate) -> String {
        let mut out = Vec::new();
        what.write(command(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_man_page_has_everything_on_one_page() {
        let page = text(Generate::Man);
        for expected in [
            ".TH vmdk2qcow2 1",
            "Converts disk images",
            "\\-\\-level",
            ".SH INFO\n",
            ".SS OPTIONS",
            "backing\\-chain",
        ] {
            assert!(page.contains(expected), "{expected:?} in:\n{page}");
        }
        assert!(!page.contains("generate"), "hidden:\n{page}");
        assert!(
            !page.contains("vmdk2qcow2\\-info(1)"),
            "a page that does not exist:\n{page}"
        );
    }

    #[test]
    fn completions_know_options_and_subcommands() {
        for shell in [Generate::Bash, Generate::Zsh, Generate::Fish] {
            let script = text(shell);
            for expected in ["vmdk2qcow2", "level", "info", "backing-chain"] {
                assert!(
                    script.contains(expected),
                    "{shell:?}: {expected:?} in:\n{script}"
                );
            }
        }
    }
}
