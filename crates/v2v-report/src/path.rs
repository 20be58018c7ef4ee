//! Paths in JSON.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A path as a report has it: text where it is UTF-8, else its bytes.
///
/// In JSON a string, or `{"bytes_hex": "2f746d702fff"}`. Nothing is lost either way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathText(Repr);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Repr {
    Text(String),
    /// Never valid UTF-8; so that equal paths are equal values.
    Bytes(Vec<u8>),
}

impl PathText {
    /// The path with these bytes.
    pub fn from_bytes(bytes: Vec<u8>) -> PathText {
        PathText(match String::from_utf8(bytes) {
            Ok(text) => Repr::Text(text),
            Err(error) => Repr::Bytes(error.into_bytes()),
        })
    }

    /// The path if it is UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        match &self.0 {
            Repr::Text(text) => Some(text),
            Repr::Bytes(_) => None,
        }
    }

    /// The bytes of the path, without a terminating zero.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Text(text) => text.as_bytes(),
            Repr::Bytes(bytes) => bytes,
        }
    }
}

/// For people: bytes that are not UTF-8 are shown as U+FFFD. Control characters are not escaped.
impl fmt::Display for PathText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&String::from_utf8_lossy(self.as_bytes()))
    }
}

impl From<&OsStr> for PathText {
    fn from(name: &OsStr) -> PathText {
        PathText::from_bytes(name.as_encoded_bytes().to_vec())
    }
}

impl From<&Path> for PathText {
    fn from(path: &Path) -> PathText {
        path.as_os_str().into()
    }
}

impl From<&PathBuf> for PathText {
    fn from(path: &PathBuf) -> PathText {
        path.as_os_str().into()
    }
}

impl From<PathBuf> for PathText {
    fn from(path: PathBuf) -> PathText {
        PathText::from_bytes(path.into_os_string().into_encoded_bytes())
    }
}

impl From<&str> for PathText {
    fn from(path: &str) -> PathText {
        PathText(Repr::Text(path.to_owned()))
    }
}

impl From<String> for PathText {
    fn from(path: String) -> PathText {
        PathText(Repr::Text(path))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a string or {\"bytes_hex\": \"...\"}")]
enum Wire {
    Text(String),
    Bytes { bytes_hex: String },
}

impl Serialize for PathText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Repr::Text(text) => serializer.serialize_str(text),
            Repr::Bytes(bytes) => {
                let bytes_hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                Wire::Bytes { bytes_hex }.serialize(serializer)
            }
        }
    }
}

impl<'de> Deserialize<'de> for PathText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PathText, D::Error> {
        match Wire::deserialize(deserializer)? {
            Wire::Text(text) => Ok(text.into()),
            Wire::Bytes { bytes_hex } => parse_hex(&bytes_hex)
                .map(PathText::from_bytes)
                .ok_or_else(|| {
                    D::Error::custom(format!(
                        "bytes_hex {bytes_hex:?} is not pairs of hexadecimal digits"
                    ))
                }),
        }
    }
}

fn parse_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    pairs
        .iter()
        .map(|pair| {
            // from_str_radix alone would take "+f".
            if !pair.iter().all(u8::is_ascii_hexdigit) {
                return None;
            }
            u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &PathText, json: &str) {
        assert_eq!(serde_json::to_string(path).unwrap(), json);
        assert_eq!(&serde_json::from_str::<PathText>(json).unwrap(), path);
    }

    #[test]
    fn text_is_a_string_and_bytes_are_hex() {
        check(&"a/ü.vmdk".into(), "\"a/ü.vmdk\"");
        check(&"".into(), "\"\"");
        check(
            &PathText::from_bytes(b"/tmp/\xff".to_vec()),
            "{\"bytes_hex\":\"2f746d702fff\"}",
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_path_keeps_its_bytes() {
        use std::os::unix::ffi::OsStrExt as _;
        let path = Path::new(OsStr::from_bytes(b"disk\xe9.vmdk"));
        let text = PathText::from(path);
        assert_eq!(text.as_bytes(), b"disk\xe9.vmdk");
        assert_eq!(text.as_str(), None);
        assert_eq!(text.to_string(), "disk\u{fffd}.vmdk");
        assert_eq!(PathText::from(path.to_owned()), text);
    }

    #[test]
    fn hex_of_utf8_is_the_same_path() {
        let path: PathText = serde_json::from_str("{\"bytes_hex\":\"61\"}").unwrap();
        assert_eq!(path, "a".into());
    }

    #[test]
    fn wrong_forms_are_refused() {
        for (json, expected) in [
            (
                "{\"bytes_hex\":\"6\"}",
                "is not pairs of hexadecimal digits",
            ),
            (
                "{\"bytes_hex\":\"+f\"}",
                "is not pairs of hexadecimal digits",
            ),
            (
                "{\"bytes_hex\":\"zz\"}",
                "is not pairs of hexadecimal digits",
            ),
            (
                "{\"bytes_hex\":\"é\"}",
                "is not pairs of hexadecimal digits",
            ),
            ("7", "expected a string or"),
            ("{}", "expected a string or"),
        ] {
            let error = serde_json::from_str::<PathText>(json)
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected), "{json}: {error}");
        }
    }
}
