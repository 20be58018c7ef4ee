//! What the guest should see on a disk.

mod content;
mod pattern;
mod rng;

pub use content::{Content, Run};
pub use pattern::Pattern;
pub use rng::Rng;
