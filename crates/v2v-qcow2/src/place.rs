//! Where the header says a table is, and whether it can be there.

use crate::Error;

/// A table that a header field points to.
pub(crate) struct TablePlace {
    pub(crate) what: &'static str,
    /// Where the pointer stands.
    pub(crate) at: u64,
    pub(crate) offset: u64,
    /// Length in bytes.
    pub(crate) len: u64,
}

impl TablePlace {
    /// Checks that the table begins with a cluster, not in the header, and ends inside the file.
    pub(crate) fn check(&self, cluster: u64, file_len: u64) -> Result<(), Error> {
        let TablePlace {
            what,
            at,
            offset,
            len,
        } = *self;
        if !offset.is_multiple_of(cluster) {
            let found = offset;
            return Err(Error::TableAlignment {
                what,
                at,
                found,
                cluster,
            });
        }
        let inside = offset.checked_add(len).is_some_and(|end| end <= file_len);
        if offset < cluster || !inside {
            return Err(Error::TableOutside {
                what,
                offset,
                len,
                file_len,
            });
        }
        Ok(())
    }
}
