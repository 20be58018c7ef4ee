//! How long it took.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Time and traffic of a run; left out of reproducible reports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// From start to end. In JSON `total_s`, seconds with three places.
    #[serde(rename = "total_s", with = "seconds")]
    pub total: Duration,
    /// Bytes read from files.
    pub bytes_read: u64,
    /// Bytes written to files.
    pub bytes_written: u64,
}

mod seconds {
    use std::time::Duration;

    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(duration.as_millis() as f64 / 1000.0)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        if !(0.0..=1e15).contains(&seconds) {
            return Err(D::Error::custom(format!(
                "total_s is {seconds}, expected 0 to 1e15"
            )));
        }
        Ok(Duration::from_millis((seconds * 1000.0).round() as u64))
    }
}
