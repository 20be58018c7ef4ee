//! The kinds of values: what they look like and how they are read.

use std::fmt;
use std::str::FromStr;

use crate::EntryId;

/// A value and the entry it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// Where it stands.
    pub id: EntryId,
    /// What it says.
    pub value: T,
}

impl Setting<String> {
    /// Whether the value is `expected`, in any case and with any blanks around it.
    #[must_use]
    pub fn is(&self, expected: &str) -> bool {
        self.value.trim().eq_ignore_ascii_case(expected)
    }
}

/// A value that could not be read. The field it belongs to is `None`: nothing was put in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueProblem {
    /// Where it stands.
    pub id: EntryId,
    /// What it says, cut and with control characters escaped.
    pub found: String,
    /// What it should say, as in `TRUE or FALSE`.
    pub expected: &'static str,
}

/// A kind of value.
pub(crate) trait Value: Sized {
    /// What such a value looks like.
    const EXPECTED: &'static str;

    /// Reads it; `text` has no blanks around it.
    fn read(text: &str) -> Option<Self>;
}

/// For enums: the words of a value, in any case.
macro_rules! words {
    ($type:ty, $expected:literal, { $($($word:literal)|+ => $value:expr),+ $(,)? }) => {
        impl $crate::value::Value for $type {
            const EXPECTED: &'static str = $expected;

            fn read(text: &str) -> Option<Self> {
                $($(if text.eq_ignore_ascii_case($word) {
                    return Some($value);
                })+)+
                None
            }
        }
    };
}
pub(crate) use words;

words!(bool, "TRUE or FALSE", {
    "TRUE" | "T" | "yes" | "on" | "1" => true,
    "FALSE" | "F" | "no" | "off" | "0" => false,
});

impl Value for i64 {
    const EXPECTED: &'static str = "a whole number";

    fn read(text: &str) -> Option<Self> {
        decimal(text)
    }
}

impl Value for u64 {
    const EXPECTED: &'static str = "a whole number of at least 0";

    fn read(text: &str) -> Option<Self> {
        decimal(text)
    }
}

impl Value for u32 {
    const EXPECTED: &'static str = "a whole number of 0 to 4294967295";

    fn read(text: &str) -> Option<Self> {
        decimal(text)
    }
}

impl Value for u16 {
    const EXPECTED: &'static str = "a whole number of 0 to 65535";

    fn read(text: &str) -> Option<Self> {
        decimal(text)
    }
}

/// Digits, with a minus sign if the type has one; `FromStr` alone would take a plus sign.
fn decimal<T: FromStr>(text: &str) -> Option<T> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// A most of something: `unlimited`, `off` and `-1` mean none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// None.
    Unlimited,
    /// This much, in the key's unit.
    At(u64),
}

impl Value for Limit {
    const EXPECTED: &'static str = "a whole number, or -1, unlimited or off for none";

    fn read(text: &str) -> Option<Self> {
        let none = ["-1", "unlimited", "off"];
        if none.iter().any(|word| text.eq_ignore_ascii_case(word)) {
            return Some(Self::Unlimited);
        }
        decimal(text).map(Self::At)
    }
}

/// The part of a resource a virtual machine gets where it is scarce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shares {
    /// Half of normal.
    Low,
    /// What everyone has.
    Normal,
    /// Twice normal.
    High,
    /// A number of the resource's own scale.
    Custom(u64),
}

impl Value for Shares {
    const EXPECTED: &'static str = "low, normal, high or a whole number";

    fn read(text: &str) -> Option<Self> {
        Some(match text.to_ascii_lowercase().as_str() {
            "low" => Self::Low,
            "normal" => Self::Normal,
            "high" => Self::High,
            _ => Self::Custom(decimal(text)?),
        })
    }
}

/// Sixteen bytes in the order of the file.
///
/// `Display` gives them in groups, in the same order: `564dc77b-93e5-fbd8-dbad-...`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Uuid(pub [u8; 16]);

impl Value for Uuid {
    const EXPECTED: &'static str = "16 bytes as hexadecimal digits";

    fn read(text: &str) -> Option<Self> {
        hex_bytes(text, &[' ', '-']).map(Self)
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// A NIC's hardware address. `Display` gives `00:0c:29:01:02:03`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MacAddress(pub [u8; 6]);

impl MacAddress {
    /// Whether this is an address of a group, which no NIC can have.
    #[must_use]
    pub fn is_multicast(&self) -> bool {
        let [first, ..] = self.0;
        first & 1 == 1
    }
}

impl Value for MacAddress {
    const EXPECTED: &'static str = "an address such as 00:0c:29:01:02:03";

    fn read(text: &str) -> Option<Self> {
        hex_bytes(text, &[':', '-']).map(Self)
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// Exactly `N` bytes, two digits each, with any number of separators between bytes.
fn hex_bytes<const N: usize>(text: &str, separators: &[char]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let mut rest = text;
    for byte in &mut bytes {
        rest = rest.trim_start_matches(separators);
        let (digits, after) = rest.split_at_checked(2)?;
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        *byte = u8::from_str_radix(digits, 16).ok().filter(|_| is_hex)?;
        rest = after;
    }
    rest.is_empty().then_some(bytes)
}

/// Which CPUs of the old host may run the guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Affinity {
    /// Any.
    All,
    /// These, as they are listed; ranges are written out.
    Cpus(Vec<u32>),
}

/// No host has more; a range is refused before it is written out.
const MAX_HOST_CPUS: usize = 4096;

impl Value for Affinity {
    const EXPECTED: &'static str = "all, or numbers of CPUs such as 0,1,4-7";

    fn read(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("all") {
            return Some(Self::All);
        }
        let mut cpus = Vec::new();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (decimal::<u32>(first.trim())?, decimal::<u32>(last.trim())?);
            let count = usize::try_from(last.checked_sub(first)?).ok()?;
            if count >= MAX_HOST_CPUS.saturating_sub(cpus.len()) {
                return None;
            }
            cpus.extend(first..=last);
        }
        Some(Self::Cpus(cpus))
    }
}

/// Pairs of `name='value'`, as VMware Tools report the guest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DetailedData(Vec<(String, String)>);

impl DetailedData {
    /// The value with this name; case doesn't matter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut pairs = self.0.iter();
        let found = pairs.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// All pairs in their order.
    #[must_use]
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}

impl Value for DetailedData {
    const EXPECTED: &'static str = "pairs of name='value'";

    fn read(text: &str) -> Option<Self> {
        let mut pairs = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (name, after) = rest.split_once("='")?;
            // A quote inside a value is not followed by a blank and the next name.
            let (value, after) = match after.find("' ") {
                Some(end) => (after.get(..end)?, after.get(end.checked_add(2)?..)?),
                None => (after.strip_suffix('\'')?, ""),
            };
            if name.is_empty() || name.contains(char::is_whitespace) {
                return None;
            }
            pairs.push((name.to_owned(), value.to_owned()));
            rest = after.trim_start();
        }
        Some(Self(pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booleans() {
        for text in ["TRUE", "true", "True", "T", "yes", "On", "1"] {
            assert_eq!(bool::read(text), Some(true), "{text}");
        }
        for text in ["FALSE", "f", "No", "OFF", "0"] {
            assert_eq!(bool::read(text), Some(false), "{text}");
        }
        for text in ["", "2", "y", "enabled", "TRUE FALSE"] {
            assert_eq!(bool::read(text), None, "{text}");
        }
    }

    #[test]
    fn numbers() {
        assert_eq!(i64::read("-9223372036854775808"), Some(i64::MIN));
        assert_eq!(u64::read("17592186044416"), Some(1 << 44));
        assert_eq!(u64::read("-1"), None);
        assert_eq!(u64::read("18446744073709551616"), None);
        for text in ["", "-", "+1", "1.5", "0x10", "1 024", "twelve", "１"] {
            assert_eq!(i64::read(text), None, "{text}");
        }
        assert_eq!(Limit::read("unlimited"), Some(Limit::Unlimited));
        assert_eq!(Limit::read("OFF"), Some(Limit::Unlimited));
        assert_eq!(Limit::read("500"), Some(Limit::At(500)));
        assert_eq!(Limit::read("-2"), None);
        assert_eq!(Shares::read("High"), Some(Shares::High));
        assert_eq!(Shares::read("4223"), Some(Shares::Custom(4223)));
        assert_eq!(Shares::read("some"), None);
    }

    #[test]
    fn uuids_keep_the_order_of_the_file() {
        let uuid = Uuid::read("56 4d c7 7b 93 e5 fb d8-db ad 01 02 03 04 05 06").unwrap();
        assert_eq!(uuid.to_string(), "564dc77b-93e5-fbd8-dbad-010203040506");
        assert_eq!(Uuid::read(&uuid.to_string()), Some(uuid));
        for text in [
            "",
            "56 4d",
            "56 4d c7 7b 93 e5 fb d8-db ad 01 02 03 04 05 06 07",
            "zz",
        ] {
            assert_eq!(Uuid::read(text), None, "{text}");
        }
    }

    #[test]
    fn addresses() {
        let mac = MacAddress::read("00:0C:29:FA:DD:2A").unwrap();
        assert_eq!(mac.to_string(), "00:0c:29:fa:dd:2a");
        assert!(!mac.is_multicast());
        assert!(MacAddress([1, 0, 0, 0, 0, 0]).is_multicast());
        for text in [
            "",
            "00:0c:29:fa:dd",
            "00:0c:29:fa:dd:2a:00",
            "0:c:29:fa:dd:2a",
        ] {
            assert_eq!(MacAddress::read(text), None, "{text}");
        }
    }

    #[test]
    fn affinities() {
        assert_eq!(Affinity::read("All"), Some(Affinity::All));
        assert_eq!(
            Affinity::read("5,4,3,0"),
            Some(Affinity::Cpus(vec![5, 4, 3, 0]))
        );
        assert_eq!(
            Affinity::read("0-2, 7"),
            Some(Affinity::Cpus(vec![0, 1, 2, 7]))
        );
        for text in ["", "1,", "2-1", "0-4294967295", "-1", "a"] {
            assert_eq!(Affinity::read(text), None, "{text}");
        }
    }

    #[test]
    fn detailed_data() {
        let data = DetailedData::read("bitness='64' prettyName='Bob's Linux 9' empty=''").unwrap();
        assert_eq!(data.get("BITNESS"), Some("64"));
        assert_eq!(data.get("prettyname"), Some("Bob's Linux 9"));
        assert_eq!(data.get("empty"), Some(""));
        assert_eq!(data.get("other"), None);
        assert_eq!(DetailedData::read(""), Some(DetailedData::default()));
        for text in ["bitness", "bitness=64", "bitness='64", "a b='c'"] {
            assert_eq!(DetailedData::read(text), None, "{text}");
        }
    }
}
