//! The direction of dependencies: binaries -> workflows -> formats -> the core traits. And `unsafe` only where it is
//! allowed.

use anyhow::{Context as _, Result, bail};

use crate::cargo::{Metadata, Package};

/// What a crate may depend on, of the crates of the workspace. Dependencies of tests are free.
#[derive(Debug, Clone, Copy)]
enum May {
    /// Nothing.
    Nothing,
    /// These.
    Only(&'static [&'static str]),
    /// Every crate of a lower layer, but not what is meant for binaries or for tests.
    Lower,
    /// Every crate of a lower layer that is not meant for tests.
    Binary,
    /// Anything.
    Anything,
}

struct Crate {
    name: &'static str,
    layer: u8,
    may: May,
}

const fn krate(name: &'static str, layer: u8, may: May) -> Crate {
    Crate { name, layer, may }
}

/// All crates. Two crates of one layer never depend on each other, so neither do two formats.
const CRATES: &[Crate] = &[
    krate("v2v-codec", 0, May::Nothing),
    krate("v2v-disk", 0, May::Nothing),
    krate("v2v-domain", 0, May::Nothing),
    krate("v2v-encoding", 0, May::Nothing),
    krate("v2v-report", 0, May::Nothing),
    krate("v2v-xl", 0, May::Nothing),
    krate("v2v-xml", 0, May::Nothing),
    krate("v2v-raw", 1, May::Lower),
    krate("v2v-vmdk", 1, May::Lower),
    krate("v2v-qcow2", 1, May::Lower),
    krate("v2v-vmx", 1, May::Only(&["v2v-encoding"])),
    krate("v2v-target", 1, May::Only(&["v2v-report"])),
    krate("v2v-copy", 1, May::Only(&["v2v-disk"])),
    krate(FOR_BINARIES, 1, May::Only(&["v2v-report"])),
    krate("v2v-image", 2, May::Lower),
    krate(
        "v2v-translate",
        2,
        May::Only(&["v2v-domain", "v2v-report", "v2v-target", "v2v-vmx"]),
    ),
    krate(
        "v2v-xen",
        2,
        May::Only(&["v2v-report", "v2v-target", "v2v-xl", "v2v-xml"]),
    ),
    krate("v2v-domain-args", 2, May::Only(&["v2v-cli", "v2v-target"])),
    krate("vmdk2qcow2", 3, May::Binary),
    krate("vmx2libvirt", 3, May::Binary),
    krate("xen2kvm", 3, May::Binary),
    // What makes test data shares no code with what reads it.
    krate(FOR_TESTS, 0, May::Nothing),
    krate("xtask", 4, May::Anything),
];

const FOR_BINARIES: &str = "v2v-cli";
const FOR_TESTS: &str = "v2v-testkit";

/// The crate with system calls, each with its reason.
const WITH_UNSAFE: &str = "v2v-disk";

/// Checks the workspace.
pub(crate) fn run(metadata: &Metadata) -> Result<()> {
    let mut wrong = check(&metadata.packages);
    for package in &metadata.packages {
        if let Some(path) = package.lib() {
            let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
            wrong.extend(check_unsafe(&package.name, &text));
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    bail!("{}", wrong.join("\nxtask: "));
}

fn find(name: &str) -> Option<&'static Crate> {
    CRATES.iter().find(|entry| entry.name == name)
}

/// Everything that is wrong with the dependencies of `packages`, which are the whole workspace.
fn check(packages: &[Package]) -> Vec<String> {
    let mut wrong = Vec::new();
    for package in packages {
        let Some(entry) = find(&package.name) else {
            wrong.push(format!(
                "crate {} has no layer; add it to CRATES in xtask/src/layers.rs",
                package.name
            ));
            continue;
        };
        let of_tests = |kind: Option<&str>| kind == Some("dev");
        for dependency in package
            .dependencies
            .iter()
            .filter(|dependency| !of_tests(dependency.kind.as_deref()))
        {
            let is_ours = packages
                .iter()
                .any(|package| package.name == dependency.name);
            // One without a layer is told above.
            if let Some(to) = find(&dependency.name).filter(|_| is_ours)
                && !allowed(entry, to)
            {
                wrong.push(format!(
                    "crate {} (layer {}) must not depend on {} (layer {})",
                    entry.name, entry.layer, to.name, to.layer
                ));
            }
        }
    }
    for entry in CRATES {
        if !packages.iter().any(|package| package.name == entry.name) {
            wrong.push(format!(
                "crate {} is gone; remove it from CRATES in xtask/src/layers.rs",
                entry.name
            ));
        }
    }
    wrong
}

fn allowed(from: &Crate, to: &Crate) -> bool {
    let lower = to.layer < from.layer;
    match from.may {
        May::Nothing => false,
        May::Only(names) => lower && names.contains(&to.name),
        May::Lower => lower && to.name != FOR_TESTS && to.name != FOR_BINARIES,
        May::Binary => lower && to.name != FOR_TESTS,
        May::Anything => true,
    }
}

/// What is wrong with the root file `text` of the library `name`.
fn check_unsafe(name: &str, text: &str) -> Option<String> {
    let attribute = if name == WITH_UNSAFE {
        "#![deny(unsafe_code)]"
    } else {
        "#![forbid(unsafe_code)]"
    };
    let found = text.lines().any(|line| line.trim_end() == attribute);
    (!found).then(|| format!("crate {name}: its lib.rs lacks the line {attribute}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cargo::Dependency;

    /// The workspace with nothing but these dependencies.
    fn workspace(dependencies: &[(&str, &str, Option<&str>)]) -> Vec<Package> {
        CRATES
            .iter()
            .map(|entry| Package {
                name: entry.name.to_owned(),
                dependencies: dependencies
                    .iter()
                    .filter(|(from, ..)| *from == entry.name)
                    .map(|(_, to, kind)| Dependency {
                        name: (*to).to_owned(),
                        kind: kind.map(str::to_owned),
                    })
                    .collect(),
                ..Package::default()
            })
            .collect()
    }

    #[test]
    fn the_right_direction() {
        for (from, to) in [
            ("v2v-vmdk", "v2v-disk"),
            ("v2v-qcow2", "v2v-codec"),
            ("v2v-copy", "v2v-disk"),
            ("v2v-cli", "v2v-report"),
            ("v2v-image", "v2v-vmdk"),
            ("vmdk2qcow2", "v2v-image"),
            ("vmdk2qcow2", "v2v-cli"),
            ("xtask", "v2v-testkit"),
            ("v2v-disk", "serde"),
        ] {
            assert_eq!(
                check(&workspace(&[(from, to, None)])),
                [""; 0],
                "{from} -> {to}"
            );
        }
        let of_tests = [
            ("v2v-vmdk", "v2v-testkit", Some("dev")),
            ("v2v-disk", "v2v-qcow2", Some("dev")),
        ];
        assert_eq!(check(&workspace(&of_tests)), [""; 0]);
    }

    #[test]
    fn the_wrong_direction() {
        for (from, to, kind) in [
            ("v2v-disk", "v2v-vmdk", None),
            ("v2v-disk", "v2v-codec", None),
            ("v2v-vmdk", "v2v-qcow2", None),
            ("v2v-vmdk", "v2v-testkit", None),
            ("v2v-vmdk", "v2v-testkit", Some("build")),
            ("v2v-copy", "v2v-codec", None),
            ("v2v-cli", "v2v-disk", None),
            ("v2v-image", "v2v-cli", None),
            ("v2v-image", "vmdk2qcow2", None),
            ("vmdk2qcow2", "v2v-testkit", None),
            ("v2v-testkit", "v2v-vmdk", None),
        ] {
            let wrong = check(&workspace(&[(from, to, kind)]));
            assert_eq!(wrong.len(), 1, "{from} -> {to}: {wrong:?}");
            assert!(
                wrong[0].starts_with(&format!("crate {from} (layer ")),
                "{wrong:?}"
            );
            assert!(
                wrong[0].contains(&format!(" must not depend on {to} (layer ")),
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn the_table_is_the_workspace() {
        let mut packages = workspace(&[]);
        packages[0].name = "v2v-new".to_owned();
        assert_eq!(
            check(&packages),
            [
                "crate v2v-new has no layer; add it to CRATES in xtask/src/layers.rs",
                "crate v2v-codec is gone; remove it from CRATES in xtask/src/layers.rs",
            ]
        );
    }

    #[test]
    fn unsafe_is_forbidden() {
        assert_eq!(
            check_unsafe("v2v-vmdk", "//! Doc.\n#![forbid(unsafe_code)]\n"),
            None
        );
        assert_eq!(check_unsafe("v2v-disk", "#![deny(unsafe_code)]\n"), None);
        for text in ["", "// #![forbid(unsafe_code)]", "#![deny(unsafe_code)]"] {
            assert_eq!(
                check_unsafe("v2v-vmdk", text).unwrap(),
                "crate v2v-vmdk: its lib.rs lacks the line #![forbid(unsafe_code)]"
            );
        }
    }
}
