//! Help, manual and completions.

use crate::place::Place;

#[test]
fn help_begins_with_examples() {
    let place = Place::new();
    for option in ["--help", "-h"] {
        let run = place.convert(&[option]);
        assert!(run.out.starts_with("Examples:\n  xen2kvm "), "{}", run.out);
        for word in ["--out-dir", "--explain", "Networks:", "Exit status:"] {
            assert!(run.out.contains(word), "{word} is not in {option}");
        }
    }
    for option in ["--version", "-V"] {
        let run = place.convert(&[option]);
        assert_eq!(
            run.out,
            concat!("xen2kvm ", env!("CARGO_PKG_VERSION"), "\n")
        );
    }
}

/// An example that a terminal of 80 columns breaks can't be copied.
#[test]
fn examples_fit_a_terminal() {
    let place = Place::new();
    let mut command = place.command(["--help"]);
    command.env("COLUMNS", "80");
    let run = place.finish(command, b"");
    let examples = run.out.split("\n\n").next().unwrap();
    assert!(examples.lines().count() > 2);
    for line in examples.lines().skip(1) {
        assert!(line.starts_with("  xen2kvm "), "{line:?}");
    }
}

#[test]
fn manual_and_completions_know_the_options() {
    let place = Place::new();
    for (what, words) in [
        (
            "man",
            &[".TH xen2kvm", "\\-\\-network\\-map", "\\-\\-list\\-rules"][..],
        ),
        ("bash", &["complete", "--network-map", "--list-rules"]),
        (
            "zsh",
            &["#compdef xen2kvm", "--network-map", "--list-rules"],
        ),
        (
            "fish",
            &["complete -c xen2kvm", "network-map", "list-rules"],
        ),
    ] {
        let run = place.convert(&["--generate", what]);
        for word in words {
            assert!(run.out.contains(word), "{word} is not in {what}");
        }
    }
}

/// The options that `--help` lists before its last paragraphs, each by its long name, or its short one if it has no other.
fn options(help: &str) -> Vec<&str> {
    let list = help.split("\nExit status").next().unwrap();
    let lines = list
        .lines()
        .filter(|line| line.trim_start().starts_with('-'));
    lines
        .filter_map(|line| {
            let words = line.trim_start().split([' ', ',', '[', '.']);
            let names = words.filter(|word| word.starts_with('-') && word.len() > 1);
            names.max_by_key(|name| name.len())
        })
        .filter(|name| {
            name.trim_start_matches('-')
                .starts_with(|c: char| c.is_ascii_alphabetic())
        })
        .collect()
}

#[test]
fn every_option_of_the_help_is_used_by_a_test() {
    let help = Place::new().convert(&["--help"]).out;
    let options = options(&help);
    assert!(options.len() > 50, "{options:?}");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli");
    let sources: String = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    for option in options {
        let used = [format!("\"{option}\""), format!("\"{option}=")];
        assert!(used.iter().any(|text| sources.contains(text)), "{option}");
    }
}
