//! Options of several letters with one dash.

use std::ffi::{OsStr, OsString};

/// The arguments of a process for clap, with `-on NAME` and `-of=raw` as `--on NAME` and `--of=raw`.
///
/// virt-v2v spells options of several letters with one dash; clap would take `-on` for `-o` and `-n`. `names` are those
/// options without their dash, each with the name it has for clap. What stands behind `--` is left alone. The first
/// argument, the program, is too.
pub fn spell_out(
    args: impl IntoIterator<Item = OsString>,
    names: &[(&str, &str)],
) -> Vec<OsString> {
    let mut rest = args.into_iter();
    let mut out: Vec<OsString> = rest.next().into_iter().collect();
    while let Some(arg) = rest.next() {
        if arg == "--" {
            out.push(arg);
            out.extend(rest);
            break;
        }
        out.push(long_name(&arg, names).unwrap_or(arg));
    }
    out
}

fn long_name(arg: &OsStr, names: &[(&str, &str)]) -> Option<OsString> {
    // A value that is not UTF-8 can only be given as an argument of its own.
    let word = arg.to_str()?.strip_prefix('-')?;
    let (name, value) = match word.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (word, None),
    };
    let (_, long) = names.iter().find(|(one_dash, _)| *one_dash == name)?;
    Some(match value {
        Some(value) => format!("--{long}={value}").into(),
        None => format!("--{long}").into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(args: &[&str]) -> Vec<OsString> {
        let names = [("on", "on"), ("of", "of"), ("io", "input-option")];
        let all = ["program"].iter().chain(args).map(OsString::from);
        spell_out(all, &names).split_off(1)
    }

    #[test]
    fn known_words_get_their_second_dash() {
        for (args, expected) in [
            (&["-on", "web"][..], &["--on", "web"][..]),
            (&["-of=raw"], &["--of=raw"]),
            (&["-io", "a=b"], &["--input-option", "a=b"]),
            (&["--of", "raw", "-o", "x"], &["--of", "raw", "-o", "x"]),
            (&["-vv", "-", "-ofx"], &["-vv", "-", "-ofx"]),
            (&["--", "-on"], &["--", "-on"]),
        ] {
            assert_eq!(spelled(args), expected);
        }
        assert_eq!(spell_out([OsString::from("-on")], &[("on", "on")]), ["-on"]);
    }
}
