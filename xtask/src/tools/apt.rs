//! From where apt has to take what is missing.
//!
//! Packages of one source want to be of one version. Where `qemu-utils` is from backports, the release's
//! `qemu-system-x86` is years older, and apt may refuse it; so what belongs to it comes from backports too, which a
//! machine made from an image does not always have among its sources. Everything else comes from the release.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::Tool;

/// The file that we add to apt's sources.
pub(super) const OUR_SOURCE: &str = "/etc/apt/sources.list.d/v2v-backports.sources";

/// What decides.
#[derive(Debug, Default)]
pub(super) struct Machine {
    /// The release, such as `bookworm`.
    codename: String,
    /// Source package and version of each installed package.
    installed: Vec<(String, String)>,
    /// Where apt looks.
    sources: Vec<Source>,
}

/// An entry of apt's sources.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Source {
    uris: Vec<String>,
    suites: Vec<String>,
    /// Paths or a whole key, as the entry has it.
    signed_by: Option<String>,
}

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// The text of [`OUR_SOURCE`], if it is needed.
    pub(super) new_source: Option<String>,
    pub(super) installs: Vec<Install>,
}

/// One call of `apt-get install`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Install {
    /// The suite that is preferred to the release.
    suite: Option<String>,
    packages: Vec<&'static str>,
}

/// How to install `missing` on `machine`.
pub(super) fn plan(missing: &[Tool], machine: &Machine) -> Plan {
    let suite = format!("{}-backports", machine.codename);
    let mut from_backports = Install {
        suite: Some(suite.clone()),
        packages: Vec::new(),
    };
    let mut from_release = Install {
        suite: None,
        packages: Vec::new(),
    };
    for tool in missing {
        let backported = machine
            .installed
            .iter()
            .any(|(source, version)| source == tool.source && version.contains("~bpo"));
        let install = if backported {
            &mut from_backports
        } else {
            &mut from_release
        };
        if !install.packages.contains(&tool.package) {
            install.packages.push(tool.package);
        }
    }
    let configured = machine
        .sources
        .iter()
        .any(|source| source.suites.contains(&suite));
    let needed = !from_backports.packages.is_empty() && !configured;
    // QEMU first: what is then installed from the release must not bring its own.
    let mut installs = vec![from_backports, from_release];
    installs.retain(|install| !install.packages.is_empty());
    Plan {
        new_source: needed.then(|| machine.backports(&suite)),
        installs,
    }
}

impl Plan {
    /// The same as lines for a shell.
    pub(super) fn shell_lines(&self, sudo: &str) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(text) = &self.new_source {
            let words = text.lines().map(|line| format!("'{line}'"));
            let words = words.collect::<Vec<_>>().join(" ");
            lines.push(format!("printf '%s\\n' {words} | {sudo}tee {OUR_SOURCE}"));
        }
        lines.push(format!("{sudo}apt-get update"));
        for install in &self.installs {
            lines.push(format!("{sudo}apt-get {}", install.args().join(" ")));
        }
        lines
    }
}

impl Install {
    /// The arguments of apt-get.
    pub(super) fn args(&self) -> Vec<String> {
        let suite = self.suite.iter().flat_map(|suite| ["-t", suite]);
        ["install", "-y", "--no-install-recommends"]
            .into_iter()
            .chain(suite)
            .chain(self.packages.iter().copied())
            .map(str::to_owned)
            .collect()
    }
}

impl Machine {
    /// This one. What can't be read is not there.
    pub(super) fn here() -> Machine {
        let dpkg = Command::new("dpkg-query")
            .args([
                "-W",
                "-f",
                "${db:Status-Status} ${source:Package} ${Version}\\n",
            ])
            .output()
            .map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        let etc = Path::new("/etc/apt");
        let dir = fs::read_dir(etc.join("sources.list.d"));
        let files = dir
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path());
        let sources = files.chain([etc.join("sources.list")]).flat_map(|file| {
            let text = fs::read_to_string(&file).unwrap_or_default();
            match file.extension().and_then(|extension| extension.to_str()) {
                Some("sources") => parse_stanzas(&text),
                Some("list") => parse_lines(&text),
                _ => Vec::new(),
            }
        });
        Machine {
            codename: parse_codename(&fs::read_to_string("/etc/os-release").unwrap_or_default()),
            installed: parse_installed(&dpkg.unwrap_or_default()),
            sources: sources.collect(),
        }
    }

    /// The text of a source for `suite`, from where the release itself comes.
    fn backports(&self, suite: &str) -> String {
        let release = self
            .sources
            .iter()
            .find(|source| source.suites.contains(&self.codename));
        let uris = release.map_or_else(
            || "http://deb.debian.org/debian".to_owned(),
            |source| source.uris.join(" "),
        );
        let key = release.and_then(|source| source.signed_by.clone());
        // A source without a key is checked with all keys that apt trusts.
        let signed_by = key.map(|key| format!("Signed-By: {key}\n"));
        format!(
            "Types: deb\nURIs: {uris}\nSuites: {suite}\nComponents: main\n{}",
            signed_by.unwrap_or_default()
        )
    }
}

/// `VERSION_CODENAME` of os-release.
fn parse_codename(os_release: &str) -> String {
    let mut lines = os_release.lines();
    let value = lines.find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    value.unwrap_or_default().trim_matches('"').to_owned()
}

/// Lines of status, source package and version; those that are installed.
fn parse_installed(dpkg: &str) -> Vec<(String, String)> {
    let lines = dpkg.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let installed = words.next()? == "installed";
        let (source, version) = (words.next()?, words.next()?);
        installed.then(|| (source.to_owned(), version.to_owned()))
    });
    lines.collect()
}

/// Entries in the deb822 style: fields of stanzas, see sources.list(5).
fn parse_stanzas(text: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let text: String = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| format!("{}\n", line.trim_end()))
        .collect();
    for stanza in text.split("\n\n") {
        let field = |name: &str| -> Option<String> {
            let mut lines = stanza.lines().skip_while(|line| {
                !line
                    .split_once(':')
                    .is_some_and(|(own, _)| own.eq_ignore_ascii_case(name))
            });
            let first = lines.next()?.split_once(':')?.1;
            // The lines that belong to it begin with a space.
            let more = lines.take_while(|line| line.starts_with([' ', '\t']));
            let value: Vec<_> = std::iter::once(first).chain(more).collect();
            Some(value.join("\n").trim().to_owned())
        };
        let words = |name: &str| -> Vec<String> {
            let value = field(name).unwrap_or_default();
            value.split_whitespace().map(str::to_owned).collect()
        };
        let off = field("Enabled").is_some_and(|value| value.eq_ignore_ascii_case("no"));
        if !off && words("Types").contains(&"deb".to_owned()) {
            found.push(Source {
                uris: words("URIs"),
                suites: words("Suites"),
                signed_by: field("Signed-By"),
            });
        }
    }
    found
}

/// Entries in the style of one line each, see sources.list(5).
fn parse_lines(text: &str) -> Vec<Source> {
    let entry = |line: &str| {
        let rest = line.trim().strip_prefix("deb ")?.trim();
        let (options, rest) = match rest.strip_prefix('[') {
            Some(rest) => rest.split_once(']')?,
            None => ("", rest),
        };
        let mut words = rest.split_whitespace().map(str::to_owned);
        let mut options = options.split_whitespace();
        Some(Source {
            uris: vec![words.next()?],
            suites: vec![words.next()?],
            signed_by: options
                .find_map(|option| option.strip_prefix("signed-by="))
                .map(|keys| keys.replace(',', " ")),
        })
    };
    text.lines().filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::super::TOOLS;
    use super::*;

    const DEBIAN: &str = "\
# from an image
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
";

    fn machine(installed: &str, sources: Vec<Source>) -> Machine {
        Machine {
            codename: parse_codename("NAME=\"Debian\"\nVERSION_CODENAME=bookworm\n"),
            installed: parse_installed(installed),
            sources,
        }
    }

    /// The lines for a machine that lacks these programs.
    fn lines(names: &[&str], machine: &Machine) -> Vec<String> {
        let missing: Vec<_> = TOOLS
            .iter()
            .filter(|tool| names.contains(&tool.name))
            .copied()
            .collect();
        assert_eq!(missing.len(), names.len());
        plan(&missing, machine).shell_lines("")
    }

    #[test]
    fn everything_from_the_release() {
        for installed in ["", "installed qemu 1:7.2+dfsg-7+deb12u18\n"] {
            assert_eq!(
                lines(
                    &["qemu-img", "qemu-io", "qemu-system-x86_64", "virsh"],
                    &machine(installed, parse_stanzas(DEBIAN))
                ),
                [
                    "apt-get update",
                    "apt-get install -y --no-install-recommends qemu-utils qemu-system-x86 libvirt-clients",
                ]
            );
        }
    }

    #[test]
    fn what_belongs_to_a_backport_is_one() {
        let installed = "installed qemu 1:10.0.2+ds-2+deb13u1~bpo12+1\ninstalled libxml2 2.9.14\n";
        let missing = ["qemu-system-x86_64", "virsh", "xmllint"];
        let installs = [
            "apt-get update",
            "apt-get install -y --no-install-recommends -t bookworm-backports qemu-system-x86",
            "apt-get install -y --no-install-recommends libvirt-clients libxml2-utils",
        ];
        let mut sources = parse_stanzas(DEBIAN);
        assert_eq!(
            lines(&missing, &machine(installed, sources.clone())),
            [
                "printf '%s\\n' 'Types: deb' 'URIs: http://mirror.example/debian' 'Suites: bookworm-backports' \
                 'Components: main' 'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg' \
                 | tee /etc/apt/sources.list.d/v2v-backports.sources",
                installs[0],
                installs[1],
                installs[2],
            ]
        );
        sources.extend(parse_lines(
            "deb http://mirror.example/debian bookworm-backports main",
        ));
        assert_eq!(lines(&missing, &machine(installed, sources)), installs);
        // It is gone, only its configuration is left.
        let removed = installed.replace("installed qemu", "config-files qemu");
        let removed = machine(&removed, parse_stanzas(DEBIAN));
        assert_eq!(lines(&missing, &removed).len(), 2);
    }

    #[test]
    fn sources_in_both_styles() {
        let key =
            "-----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINB\n -----END PGP PUBLIC KEY BLOCK-----";
        let text = format!(
            "types: deb deb-src\nURIs: http://a.example/debian\n  http://b.example/debian\nSuites: bookworm\n\
             # why\nSigned-By: {key}\n\nEnabled: no\nTypes: deb\nURIs: http://c.example\nSuites: bookworm-backports\n\
             \nTypes: deb-src\nURIs: http://d.example\nSuites: bookworm-backports\n"
        );
        let sources = parse_stanzas(&text);
        assert_eq!(
            sources,
            [Source {
                uris: vec![
                    "http://a.example/debian".to_owned(),
                    "http://b.example/debian".to_owned()
                ],
                suites: vec!["bookworm".to_owned()],
                signed_by: Some(key.to_owned()),
            }]
        );
        assert_eq!(
            machine("", sources).backports("bookworm-backports"),
            format!(
                "Types: deb\nURIs: http://a.example/debian http://b.example/debian\nSuites: bookworm-backports\n\
                 Components: main\nSigned-By: {key}\n"
            )
        );

        let text = "# deb http://no.example bookworm main\ndeb-src http://no.example bookworm main\n\
                    deb [arch=amd64 signed-by=/a.gpg,/b.gpg] http://a.example bookworm main\n\
                    deb http://b.example bookworm-updates main contrib\n";
        let sources = parse_lines(text);
        assert_eq!(sources.len(), 2);
        assert_eq!(sources[0].signed_by.as_deref(), Some("/a.gpg /b.gpg"));
        assert_eq!(sources[1].suites, ["bookworm-updates"]);
        // Without an entry for the release, Debian's own place, and the keys that apt trusts.
        assert_eq!(
            machine("", sources[1..].to_vec()).backports("bookworm-backports"),
            "Types: deb\nURIs: http://deb.debian.org/debian\nSuites: bookworm-backports\nComponents: main\n"
        );
    }
}
