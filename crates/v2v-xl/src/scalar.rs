//! The kinds of values: what they look like and how they are read.

use std::fmt;

use crate::{EntryId, read_number};

/// A value and the entry it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// Where it stands.
    pub id: EntryId,
    /// What it says.
    pub value: T,
}

/// A value that could not be read. The field it belongs to is `None`, or the item lacks it: nothing was put in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueProblem {
    /// Where it stands.
    pub id: EntryId,
    /// Which item of a list.
    pub item: Option<ItemPlace>,
    /// What it says, cut and with control characters escaped.
    pub found: String,
    /// What it should say, as in `0 or 1`.
    pub expected: &'static str,
}

impl fmt::Display for ValueProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(item) = &self.item {
            write!(
                f,
                "item {} (`{}`): ",
                item.index.saturating_add(1),
                item.text
            )?;
        }
        write!(f, "found `{}`, expected {}", self.found, self.expected)
    }
}

/// An item of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemPlace {
    /// Its position, from 0, in the list with all additions.
    pub index: usize,
    /// Its text, cut and with control characters escaped, without passwords.
    pub text: String,
}

/// A password. `Debug` does not show it, `Display` does not exist.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The password itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether there is none: an empty password lets everyone in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() {
            "Secret(empty)"
        } else {
            "Secret(not shown)"
        })
    }
}

/// A kind of value that is written as one string or number.
pub(crate) trait Scalar: Sized {
    /// What such a value looks like.
    const EXPECTED: &'static str;

    /// Reads it; `text` has no blanks around it.
    fn read(text: &str) -> Option<Self>;
}

/// For enums: the words of a value. Xen compares them with case.
macro_rules! words {
    ($type:ty, $expected:literal, { $($($word:literal)|+ => $value:expr),+ $(,)? }) => {
        impl $crate::scalar::Scalar for $type {
            const EXPECTED: &'static str = $expected;

            fn read(text: &str) -> Option<Self> {
                match text {
                    $($($word)|+ => Some($value),)+
                    _ => None,
                }
            }
        }
    };
}
pub(crate) use words;

/// xl takes any number but 0 for yes.
impl Scalar for bool {
    const EXPECTED: &'static str = "0 or 1";

    fn read(text: &str) -> Option<Self> {
        read_number(text).map(|number| number != 0)
    }
}

impl Scalar for String {
    const EXPECTED: &'static str = "a string";

    fn read(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl Scalar for Secret {
    const EXPECTED: &'static str = "a string";

    fn read(text: &str) -> Option<Self> {
        Some(Self::new(text))
    }
}

impl Scalar for i64 {
    const EXPECTED: &'static str = "a whole number";

    fn read(text: &str) -> Option<Self> {
        read_number(text)
    }
}

impl Scalar for u64 {
    const EXPECTED: &'static str = "a whole number of at least 0";

    fn read(text: &str) -> Option<Self> {
        read_number(text)?.try_into().ok()
    }
}

impl Scalar for u32 {
    const EXPECTED: &'static str = "a whole number of 0 to 4294967295";

    fn read(text: &str) -> Option<Self> {
        read_number(text)?.try_into().ok()
    }
}

impl Scalar for u16 {
    const EXPECTED: &'static str = "a whole number of 0 to 65535";

    fn read(text: &str) -> Option<Self> {
        read_number(text)?.try_into().ok()
    }
}

/// Sixteen bytes. `Display` gives `2c474d2e-28ba-4730-a5ba-88de9d25652a`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Uuid(pub [u8; 16]);

impl Scalar for Uuid {
    const EXPECTED: &'static str =
        "32 hexadecimal digits, as in 2c474d2e-28ba-4730-a5ba-88de9d25652a";

    fn read(text: &str) -> Option<Self> {
        let mut out = [0; 16];
        let mut digits = text.chars().filter(|c| *c != '-').map(|c| c.to_digit(16));
        for byte in &mut out {
            let (high, low) = (digits.next()??, digits.next()??);
            *byte = u8::try_from((high << 4) | low).ok()?;
        }
        digits.next().is_none().then_some(Self(out))
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

/// A NIC's hardware address. `Display` gives `00:16:3e:01:02:03`.
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

impl Scalar for MacAddress {
    const EXPECTED: &'static str = "an address such as 00:16:3e:01:02:03";

    /// xl takes one or two digits for each byte, and any sign between them.
    fn read(text: &str) -> Option<Self> {
        let mut out = [0; 6];
        let mut parts = text.split([':', '-']);
        for byte in &mut out {
            let part = parts.next()?;
            let is_hex =
                matches!(part.len(), 1 | 2) && part.bytes().all(|digit| digit.is_ascii_hexdigit());
            *byte = u8::from_str_radix(part, 16).ok().filter(|_| is_hex)?;
        }
        parts.next().is_none().then_some(Self(out))
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}
