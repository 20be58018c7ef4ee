//! The names of findings.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::IdError;

/// The name of a kind of finding, such as `disk-extent-short`.
///
/// Kebab-case: words of `a` to `z` and `0` to `9`, joined by single dashes. Scripts and manuals refer to ids, so an id
/// is never renamed, and the id of a finding that no longer exists is not given to another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FindingId(Cow<'static, str>);

impl FindingId {
    /// The id `name`; meant for constants, where a wrong name does not compile.
    ///
    /// ```compile_fail
    /// const WRONG: v2v_report::FindingId = v2v_report::FindingId::new("Disk-Zero");
    /// ```
    ///
    /// # Panics
    ///
    /// If `name` is not kebab-case and this is not evaluated by the compiler. Parse names that come from outside.
    pub const fn new(name: &'static str) -> FindingId {
        assert!(
            is_kebab_case(name.as_bytes()),
            "finding id is not kebab-case"
        );
        FindingId(Cow::Borrowed(name))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const fn is_kebab_case(mut rest: &[u8]) -> bool {
    let mut after_dash = true;
    while let [byte, tail @ ..] = rest {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' => after_dash = false,
            b'-' if !after_dash => after_dash = true,
            _ => return false,
        }
        rest = tail;
    }
    !after_dash
}

impl fmt::Display for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for FindingId {
    type Error = IdError;

    fn try_from(name: String) -> Result<FindingId, IdError> {
        if is_kebab_case(name.as_bytes()) {
            Ok(FindingId(Cow::Owned(name)))
        } else {
            Err(IdError { found: name })
        }
    }
}

impl FromStr for FindingId {
    type Err = IdError;

    fn from_str(name: &str) -> Result<FindingId, IdError> {
        FindingId::try_from(name.to_owned())
    }
}

impl From<FindingId> for String {
    fn from(id: FindingId) -> String {
        id.0.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kebab_case_is_demanded() {
        for good in ["disk-zero", "3d-not-carried", "gpt-bios-2tib", "x"] {
            assert_eq!(good.parse::<FindingId>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "-",
            "-a",
            "a-",
            "a--b",
            "Disk-zero",
            "disk_zero",
            "disk zero",
            "dïsk",
            "a\n",
        ] {
            let error = bad.parse::<FindingId>().unwrap_err();
            assert_eq!(error.found, bad);
        }
        assert_eq!(
            "a b".parse::<FindingId>().unwrap_err().to_string(),
            "finding id \"a b\" is not kebab-case: words of a to z and 0 to 9, joined by single dashes"
        );
    }

    #[test]
    fn a_constant_equals_a_parsed_id() {
        const ZERO: FindingId = FindingId::new("disk-zero");
        assert_eq!(ZERO, "disk-zero".parse().unwrap());
    }
}
