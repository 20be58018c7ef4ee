//! Serial and parallel ports.
//!
//! What a port of the source writes to never lies where the configuration says: a configuration is not trusted, and a
//! path in it could name any file of the new host. Output goes beside the disks, sockets into libvirt's own directory.

mod endpoint;
mod parallel;
mod path;
mod serial;

#[cfg(test)]
mod tests;

use super::Work;

/// Writes serial ports, the console, and parallel ports.
pub(super) fn write(work: &mut Work<'_>) {
    serial::write(work);
    parallel::write(work);
}
