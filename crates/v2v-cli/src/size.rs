//! Sizes and rates as qemu-img reads and prints them.

use std::num::NonZeroU64;
use std::str::FromStr;

/// The largest size; qemu's block layer counts in signed 64-bit numbers.
const MAX: u64 = i64::MAX as u64;

/// Why a text is no size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SizeError {
    /// No digits at the front.
    #[error(
        "size {text:?} does not begin with a digit; expected a number such as 512, 64k or 1.5G"
    )]
    NoNumber {
        /// The whole text.
        text: String,
    },
    /// Something other than a suffix after the number.
    #[error("size {text:?} has the unknown suffix {suffix:?}, expected b, k, M, G, T, P or E")]
    Suffix {
        /// The whole text.
        text: String,
        /// What follows the number.
        suffix: String,
    },
    /// A fraction of a byte.
    #[error("size {text:?} is a fraction of a byte; add a suffix: k, M, G, T, P or E")]
    Fraction {
        /// The whole text.
        text: String,
    },
    /// Too large.
    #[error("size {text:?} is larger than {MAX} bytes (8E)")]
    TooLarge {
        /// The whole text.
        text: String,
    },
}

/// The bytes that `text` means: `512`, `4096b`, `64k`, `1.5G`; the suffixes b, k, M, G, T, P and E in either case are
/// powers of 1024.
///
/// As in qemu-img: a fraction needs a suffix above b and is rounded to the nearest byte, half a byte upwards; `0x200`
/// is hexadecimal and takes no suffix. Unlike there, white space and a sign are refused. Can be given to clap as a value
/// parser.
///
/// # Errors
///
/// [`SizeError`], which names the text and what was expected.
pub fn parse_size(text: &str) -> Result<u64, SizeError> {
    let too_large = || SizeError::TooLarge {
        text: text.to_owned(),
    };
    let bad_suffix = |suffix: &str| SizeError::Suffix {
        text: text.to_owned(),
        suffix: suffix.to_owned(),
    };
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        let end = hex
            .find(|c: char| !c.is_ascii_hexdigit())
            .unwrap_or(hex.len());
        let (digits, rest) = hex.split_at_checked(end).unwrap_or((hex, ""));
        if digits.is_empty() || !rest.is_empty() {
            return Err(bad_suffix(if digits.is_empty() { text } else { rest }));
        }
        return u64::from_str_radix(digits, 16)
            .ok()
            .filter(|&n| n <= MAX)
            .ok_or_else(too_large);
    }
    let (whole, rest) = digits(text);
    let (fraction, suffix) = match rest.strip_prefix('.') {
        Some(rest) => digits(rest),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(SizeError::NoNumber {
            text: text.to_owned(),
        });
    }
    let shift = match suffix {
        "" | "b" | "B" => 0,
        "k" | "K" => 10,
        "m" | "M" => 20,
        "g" | "G" => 30,
        "t" | "T" => 40,
        "p" | "P" => 50,
        "e" | "E" => 60,
        other => return Err(bad_suffix(other)),
    };
    let whole: u64 = if whole.is_empty() {
        0
    } else {
        whole.parse().map_err(|_| too_large())?
    };
    // qemu's do_strtosz: the fraction as a double, from there in 64.64 fixed point. A value of 1.0 saturates to just
    // below, which the rounding turns into the same bytes.
    let fraction: f64 = format!("0.{fraction}0").parse().unwrap_or(0.0);
    let fraction = (fraction * 2f64.powi(64)) as u64;
    if shift == 0 && fraction != 0 {
        return Err(SizeError::Fraction {
            text: text.to_owned(),
        });
    }
    let fixed = (u128::from(whole) << 64) | u128::from(fraction);
    let half = 1u128 << 63;
    fixed
        .checked_mul(1 << shift)
        .and_then(|fixed| fixed.checked_add(half))
        .and_then(|fixed| u64::try_from(fixed >> 64).ok())
        .filter(|&bytes| bytes <= MAX)
        .ok_or_else(too_large)
}

/// The ASCII digits at the front, and the rest.
fn digits(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// `bytes` for people, in qemu-img's style: three digits, powers of 1024: `512 B`, `1.5 GiB`, `0.977 MiB`.
///
/// The next unit begins at 1000. What rounds to 1000 is shown as such, where qemu-img shows `1e+03`.
pub fn human_size(bytes: u64) -> String {
    // qemu's size_to_str.
    let bytes = bytes as f64;
    let mut switch = bytes * 1.024;
    let mut value = bytes;
    let mut units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    while switch >= 1024.0
        && let Some(next) = units.next()
    {
        switch /= 1024.0;
        value /= 1024.0;
        unit = next;
    }
    let places = match value {
        0.0 | 100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    let number = format!("{value:.places$}");
    let number = if places > 0 {
        number.trim_end_matches('0').trim_end_matches('.')
    } else {
        &number
    };
    format!("{number} {unit}")
}

/// A limit on bytes per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate(u64);

impl Rate {
    /// Bytes per second; `None` if there is no limit.
    pub fn limit(self) -> Option<NonZeroU64> {
        NonZeroU64::new(self.0)
    }
}

impl FromStr for Rate {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Rate, SizeError> {
        parse_rate(text)
    }
}

/// The bytes per second that `text` means, as a size; 0 is no limit, as in qemu-img. A `/s` at the end is allowed.
///
/// # Errors
///
/// As [`parse_size`].
pub fn parse_rate(text: &str) -> Result<Rate, SizeError> {
    parse_size(text.strip_suffix("/s").unwrap_or(text)).map(Rate)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // The numbers in these tables were printed by qemu-img 10.0.2.
    #[test]
    fn sizes_mean_what_they_mean_to_qemu() {
        for (text, bytes) in [
            ("0", 0),
            ("512", 512),
            ("010", 10),
            ("4096b", 4096),
            ("10B", 10),
            ("64k", 65536),
            ("2M", 2 << 20),
            ("1m", 1 << 20),
            ("1.5G", 1_610_612_736),
            (".5G", 1 << 29),
            ("1.G", 1 << 30),
            ("1.", 1),
            ("1.0", 1),
            ("1.3k", 1331),
            ("1.0000000001G", 1 << 30),
            ("1.99999999999G", 2 << 30),
            ("0.0000001k", 0),
            ("5T", 5 << 40),
            ("3P", 3 << 50),
            ("7E", 7 << 60),
            ("0x10", 16),
            ("0x1b", 27),
            ("9223372036854775807", i64::MAX as u64),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn wrong_sizes_say_why() {
        for (text, expected) in [
            (
                "",
                "size \"\" does not begin with a digit; expected a number such as 512, 64k or 1.5G",
            ),
            (
                "-1",
                "size \"-1\" does not begin with a digit; expected a number such as 512, 64k or 1.5G",
            ),
            (
                ".",
                "size \".\" does not begin with a digit; expected a number such as 512, 64k or 1.5G",
            ),
            (
                ".G",
                "size \".G\" does not begin with a digit; expected a number such as 512, 64k or 1.5G",
            ),
            (
                "inf",
                "size \"inf\" does not begin with a digit; expected a number such as 512, 64k or 1.5G",
            ),
            (
                "5KB",
                "size \"5KB\" has the unknown suffix \"KB\", expected b, k, M, G, T, P or E",
            ),
            (
                "1 G",
                "size \"1 G\" has the unknown suffix \" G\", expected b, k, M, G, T, P or E",
            ),
            (
                "1e3",
                "size \"1e3\" has the unknown suffix \"e3\", expected b, k, M, G, T, P or E",
            ),
            (
                "0x10k",
                "size \"0x10k\" has the unknown suffix \"k\", expected b, k, M, G, T, P or E",
            ),
            (
                "0x",
                "size \"0x\" has the unknown suffix \"0x\", expected b, k, M, G, T, P or E",
            ),
            (
                "1.2.3k",
                "size \"1.2.3k\" has the unknown suffix \".3k\", expected b, k, M, G, T, P or E",
            ),
            (
                "1.5",
                "size \"1.5\" is a fraction of a byte; add a suffix: k, M, G, T, P or E",
            ),
            (
                "0.5b",
                "size \"0.5b\" is a fraction of a byte; add a suffix: k, M, G, T, P or E",
            ),
            (
                "8E",
                "size \"8E\" is larger than 9223372036854775807 bytes (8E)",
            ),
            (
                "16E",
                "size \"16E\" is larger than 9223372036854775807 bytes (8E)",
            ),
            (
                "99999999999999999999",
                "size \"99999999999999999999\" is larger than 9223372036854775807 bytes (8E)",
            ),
        ] {
            assert_eq!(parse_size(text).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn sizes_look_as_in_qemu() {
        for (bytes, text) in [
            (0, "0 B"),
            (512, "512 B"),
            (999, "999 B"),
            (1000, "0.977 KiB"),
            (1024, "1 KiB"),
            (1536, "1.5 KiB"),
            (65536, "64 KiB"),
            (1_022_976, "999 KiB"),
            (1_024_000, "0.977 MiB"),
            (1_048_576, "1 MiB"),
            (1_536_000, "1.46 MiB"),
            (123_457_024, "118 MiB"),
            (1_024_000_000, "977 MiB"),
            (1_073_217_536, "1 GiB"),
            (1_610_612_736, "1.5 GiB"),
            (4 << 30, "4 GiB"),
            (5 << 40, "5 TiB"),
            (u64::MAX, "16 EiB"),
        ] {
            assert_eq!(human_size(bytes), text);
        }
        assert_eq!(human_size((1000 << 10) - 100), "1000 KiB");
    }

    #[test]
    fn rates() {
        assert_eq!(parse_rate("10M").unwrap().limit().unwrap().get(), 10 << 20);
        assert_eq!(
            "5.5k/s".parse::<Rate>().unwrap().limit().unwrap().get(),
            5632
        );
        assert_eq!(parse_rate("0").unwrap().limit(), None);
        assert!(parse_rate("fast").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_judged(text in "\\PC{0,12}") {
            let _ = parse_size(&text);
        }

        #[test]
        fn whole_numbers_are_exact(bytes in 0..=MAX) {
            prop_assert_eq!(parse_size(&bytes.to_string()), Ok(bytes));
            let text = human_size(bytes);
            prop_assert!(text.split_once(' ').unwrap().0.len() <= 5, "{}", text);
        }
    }
}
