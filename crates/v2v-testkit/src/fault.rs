//! A valid image with a single thing wrong.

/// A value as it stands in a file. Integers are little-endian; wrap them in [`Be`] for big-endian formats.
pub trait Field {
    /// The bytes to put.
    fn bytes(&self) -> Vec<u8>;
}

/// A big-endian integer.
#[derive(Clone, Copy, Debug)]
pub struct Be<T>(pub T);

macro_rules! integer_fields {
    ($($int:ty),*) => {$(
        impl Field for $int {
            fn bytes(&self) -> Vec<u8> {
                self.to_le_bytes().to_vec()
            }
        }
        impl Field for Be<$int> {
            fn bytes(&self) -> Vec<u8> {
                self.0.to_be_bytes().to_vec()
            }
        }
    )*};
}
integer_fields!(u8, u16, u32, u64);

impl<const N: usize> Field for [u8; N] {
    fn bytes(&self) -> Vec<u8> {
        self.to_vec()
    }
}

impl<const N: usize> Field for &[u8; N] {
    fn bytes(&self) -> Vec<u8> {
        self.to_vec()
    }
}

impl Field for &[u8] {
    fn bytes(&self) -> Vec<u8> {
        self.to_vec()
    }
}

impl Field for &str {
    fn bytes(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }
}

/// One field to overwrite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Where, in bytes from the start of the file.
    pub offset: usize,
    /// What stands there afterwards.
    pub bytes: Vec<u8>,
}

impl Patch {
    /// Overwrites the field in `image`.
    ///
    /// # Panics
    ///
    /// If the field lies outside `image`: such a patch tests nothing.
    pub fn apply(&self, image: &mut [u8]) {
        let end = self.offset + self.bytes.len();
        assert!(
            end <= image.len(),
            "patch {:#x}..{end:#x} is outside the image of {:#x}",
            self.offset,
            image.len()
        );
        image[self.offset..end].copy_from_slice(&self.bytes);
    }

    /// A copy of `image` with the field overwritten.
    ///
    /// # Panics
    ///
    /// As [`Patch::apply`].
    pub fn on(&self, image: &[u8]) -> Vec<u8> {
        let mut copy = image.to_vec();
        self.apply(&mut copy);
        copy
    }
}

/// A patch of `value` at byte `offset`: `patch(44, 513u32)`, `patch(20, Be(9u32))`, `patch(0, b"kdmv")`.
pub fn patch(offset: usize, value: impl Field) -> Patch {
    Patch {
        offset,
        bytes: value.bytes(),
    }
}

/// A copy of `image` with `value` at byte `offset`.
///
/// # Panics
///
/// If the field lies outside `image`.
pub fn patched(image: &[u8], offset: usize, value: impl Field) -> Vec<u8> {
    patch(offset, value).on(image)
}

/// Every proper prefix of the first `upto` bytes: lengths 0 to `upto - 1`, or to the whole image if that is shorter.
pub fn prefixes(image: &[u8], upto: usize) -> impl Iterator<Item = &[u8]> {
    (0..upto.min(image.len())).map(move |len| &image[..len])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_the_asked_byte_order() {
        assert_eq!(patched(&[0; 4], 1, 0x1234_u16), [0, 0x34, 0x12, 0]);
        assert_eq!(patched(&[0; 4], 0, Be(0x1234_u16)), [0x12, 0x34, 0, 0]);
        assert_eq!(patched(&[0; 4], 2, "ab"), *b"\0\0ab");
        assert_eq!(patch(3, b"x").on(&[0; 4]), [0, 0, 0, b'x']);
    }

    #[test]
    #[should_panic(expected = "outside the image")]
    fn a_patch_outside_is_refused() {
        patched(&[0; 4], 1, 1_u32);
    }

    #[test]
    fn prefixes_stop_before_the_whole() {
        let lens: Vec<_> = prefixes(&[1, 2, 3, 4], 3).map(<[u8]>::len).collect();
        assert_eq!(lens, [0, 1, 2]);
        assert_eq!(prefixes(&[1, 2], 99).count(), 2);
    }
}
