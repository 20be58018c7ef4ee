//! Creation options: `-o cluster_size=64k,lazy_refcounts=on`.

use crate::size::{SizeError, parse_size};

/// Why creation options could not be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionError {
    /// Nothing between two commas, or before or after the list.
    #[error("option list {list:?} has an empty entry; a comma inside a value is written twice")]
    EmptyEntry {
        /// The whole list.
        list: String,
    },
    /// Not an option of this format.
    #[error("unknown option {key:?}; known: {known}")]
    Unknown {
        /// The key.
        key: String,
        /// All keys there are.
        known: String,
    },
    /// Neither on nor off.
    #[error("option {key} is {value:?}, expected on or off")]
    Switch {
        /// The key.
        key: String,
        /// The value.
        value: String,
    },
    /// Not a size.
    #[error("option {key}")]
    Size {
        /// The key.
        key: String,
        /// What is wrong with it.
        source: SizeError,
    },
}

/// The options of all `-o`, as qemu-img takes them.
///
/// `key=value` separated by commas; `,,` is a comma inside a value; a key alone is `on`, a key with `no` before it `off`.
/// Several lists are one; of several values for a key the last one counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CreationOptions {
    entries: Vec<(String, String)>,
    help: bool,
}

impl CreationOptions {
    /// The options of all `lists`, whose keys are among `known`.
    ///
    /// # Errors
    ///
    /// [`OptionError::EmptyEntry`] for a list that is not well-formed, [`OptionError::Unknown`] for another key.
    pub fn parse<S: AsRef<str>>(
        lists: impl IntoIterator<Item = S>,
        known: &[&str],
    ) -> Result<CreationOptions, OptionError> {
        let mut options = CreationOptions::default();
        for list in lists {
            let list = list.as_ref();
            for (key, value) in split(list).ok_or_else(|| OptionError::EmptyEntry {
                list: list.to_owned(),
            })? {
                options.add(key, value, known)?;
            }
        }
        Ok(options)
    }

    fn add(&mut self, key: &str, value: Option<String>, known: &[&str]) -> Result<(), OptionError> {
        let (key, value) = match value {
            None if matches!(key, "help" | "?") => {
                self.help = true;
                return Ok(());
            }
            // qemu cuts "no" off any key; "nocow" is a key.
            None if !known.contains(&key) => {
                match key.strip_prefix("no").filter(|key| known.contains(key)) {
                    Some(key) => (key, "off".to_owned()),
                    None => (key, "on".to_owned()),
                }
            }
            None => (key, "on".to_owned()),
            Some(value) => (key, value),
        };
        if !known.contains(&key) {
            return Err(OptionError::Unknown {
                key: key.to_owned(),
                known: known.join(", "),
            });
        }
        self.entries.push((key.to_owned(), value));
        Ok(())
    }

    /// Whether the list of options was asked for, by `-o help` or `-o ?`.
    pub fn help(&self) -> bool {
        self.help
    }

    /// Whether no option was given.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.entries
            .iter()
            .rev()
            .find(|(k, _)| k == key)
            .map(|(_, value)| value.as_str())
    }

    /// The value of `key` as a switch: on, yes, true, y or off, no, false, n.
    ///
    /// # Errors
    ///
    /// [`OptionError::Switch`] for another value.
    pub fn switch(&self, key: &str) -> Result<Option<bool>, OptionError> {
        match self.get(key) {
            None => Ok(None),
            Some("on" | "yes" | "true" | "y") => Ok(Some(true)),
            Some("off" | "no" | "false" | "n") => Ok(Some(false)),
            Some(value) => Err(OptionError::Switch {
                key: key.to_owned(),
                value: value.to_owned(),
            }),
        }
    }

    /// The value of `key` as a size in bytes, see [`parse_size`].
    ///
    /// # Errors
    ///
    /// [`OptionError::Size`] for another value.
    pub fn size(&self, key: &str) -> Result<Option<u64>, OptionError> {
        self.get(key)
            .map(parse_size)
            .transpose()
            .map_err(|source| OptionError::Size {
                key: key.to_owned(),
                source,
            })
    }
}

/// The entries of a list; `None` if one is empty.
fn split(list: &str) -> Option<Vec<(&str, Option<String>)>> {
    let mut entries = Vec::new();
    let mut rest = list;
    loop {
        let end = rest.find(['=', ',']).unwrap_or(rest.len());
        let (key, tail) = rest.split_at_checked(end)?;
        if key.is_empty() {
            return None;
        }
        let (value, tail) = match tail.strip_prefix('=') {
            Some(tail) => {
                let (value, tail) = split_value(tail);
                (Some(value), tail)
            }
            None => (None, tail),
        };
        entries.push((key, value));
        match tail.strip_prefix(',') {
            Some(tail) => rest = tail,
            None => return Some(entries),
        }
    }
}

/// The value at the front, up to a single comma, and the rest from that comma on.
fn split_value(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(',') {
        value.push_str(before);
        match after.strip_prefix(',') {
            Some(after) => {
                value.push(',');
                rest = after;
            }
            None => return (value, rest.strip_prefix(before).unwrap_or_default()),
        }
    }
    value.push_str(rest);
    (value, "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KNOWN: &[&str] = &[
        "cluster_size",
        "compat",
        "data_file",
        "lazy_refcounts",
        "nocow",
    ];

    fn parse(lists: &[&str]) -> Result<CreationOptions, OptionError> {
        CreationOptions::parse(lists, KNOWN)
    }

    fn check_rejects(list: &str, expected: &str) {
        assert_eq!(parse(&[list]).unwrap_err().to_string(), expected);
    }

    #[test]
    fn lists_are_merged_and_the_last_value_counts() {
        let options = parse(&["cluster_size=64k,compat=0.10", "compat=1.1"]).unwrap();
        assert_eq!(options.size("cluster_size"), Ok(Some(65536)));
        assert_eq!(options.get("compat"), Some("1.1"));
        assert_eq!(options.get("data_file"), None);
        assert!(!options.is_empty() && !options.help());
        assert!(parse(&[]).unwrap().is_empty());
    }

    #[test]
    fn two_commas_are_one() {
        let options = parse(&["data_file=a,,b=c,,,compat=v3"]).unwrap();
        assert_eq!(options.get("data_file"), Some("a,b=c,"));
        assert_eq!(options.get("compat"), Some("v3"));
        assert_eq!(parse(&["data_file="]).unwrap().get("data_file"), Some(""));
    }

    #[test]
    fn switches() {
        for (list, expected) in [
            ("lazy_refcounts", true),
            ("nolazy_refcounts", false),
            ("lazy_refcounts=on", true),
            ("lazy_refcounts=yes", true),
            ("lazy_refcounts=off", false),
        ] {
            assert_eq!(
                parse(&[list]).unwrap().switch("lazy_refcounts"),
                Ok(Some(expected)),
                "{list}"
            );
        }
        assert_eq!(parse(&["nocow"]).unwrap().switch("nocow"), Ok(Some(true)));
        assert_eq!(
            parse(&["compat=2"])
                .unwrap()
                .switch("compat")
                .unwrap_err()
                .to_string(),
            "option compat is \"2\", expected on or off"
        );
    }

    #[test]
    fn help_is_not_an_option() {
        for list in ["help", "?", "compat=1.1,help"] {
            assert!(parse(&[list]).unwrap().help(), "{list}");
        }
        check_rejects(
            "help=1",
            "unknown option \"help\"; known: cluster_size, compat, data_file, lazy_refcounts, nocow",
        );
    }

    #[test]
    fn wrong_lists_say_why() {
        for list in ["", ",compat=1", "compat=1,", "compat,,nocow", "=5"] {
            check_rejects(
                list,
                &format!(
                    "option list {list:?} has an empty entry; a comma inside a value is written twice"
                ),
            );
        }
        check_rejects(
            "cluster_sise=1",
            "unknown option \"cluster_sise\"; known: cluster_size, compat, data_file, lazy_refcounts, nocow",
        );
        let error = parse(&["cluster_size=big"])
            .unwrap()
            .size("cluster_size")
            .unwrap_err();
        assert!(matches!(
            error,
            OptionError::Size {
                source: SizeError::NoNumber { .. },
                ..
            }
        ));
    }

    proptest! {
        #[test]
        fn escaped_values_come_back(values in proptest::collection::vec("[a,=]{0,6}", 1..4)) {
            let keys = ["compat", "data_file", "nocow"];
            let entries: Vec<String> =
                keys.iter().zip(&values).map(|(key, value)| format!("{key}={}", value.replace(',', ",,"))).collect();
            let options = parse(&[&entries.join(",")]).unwrap();
            for (key, value) in keys.iter().zip(&values) {
                prop_assert_eq!(options.get(key), Some(value.as_str()));
            }
        }
    }
}
