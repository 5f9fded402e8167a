//! Object ids: what a control point keeps in its favourites (ContentDirectory:1 §2.8.1, `@id`).
//!
//! An id is a hash of the root's path and the path below it, so it survives re-scans, restarts and even the loss of
//! the snapshot. It says nothing else: no path can be read from it, and none can be smuggled in by it.
//!
//! An item that shows up in a container where it is not at home, a playlist or a view, is named there by a [`Place`]:
//! its own id and that container's.

use std::fmt;

use xxhash_rust::xxh3::Xxh3;

/// Bytes of the longest text form.
pub const TEXT_BYTES: usize = 16;
/// Bytes of the longest text form of a [`Place`].
pub const PLACE_BYTES: usize = 2 * TEXT_BYTES + 1;
/// Stands between the two ids of a [`Place`].
const WITHIN: u8 = b'.';

/// The id of an object. In text: `0` for the root container, else exactly 16 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(u64);

impl ObjectId {
    /// The root container (ContentDirectory:1 §2.7.4.2: `ObjectID` 0).
    pub const ROOT: Self = Self(0);
    /// The text of the root container's `@parentID`, which is no object.
    pub const NO_PARENT: &'static str = "-1";

    /// The id of what lies at `path` below the root at `root`; `path` is empty for the root itself. `salt` is 0, and
    /// counts up for the second, third ... object with the same hash.
    pub fn of(root: &[u8], path: &[u8], salt: u32) -> Self {
        let mut hash = Xxh3::with_seed(u64::from(salt));
        hash.update(root);
        hash.update(&[0]);
        hash.update(path);
        // 0 is the root container's.
        Self(hash.digest().max(1))
    }

    /// Reads the text form, and nothing but the text form: no signs, no upper case, no spaces.
    pub fn parse(text: &str) -> Option<Self> {
        match text.as_bytes() {
            b"0" => Some(Self::ROOT),
            digits if digits.len() == TEXT_BYTES => {
                let value = digits.iter().try_fold(0, |value: u64, digit| {
                    let digit = match digit {
                        b'0'..=b'9' => digit - b'0',
                        b'a'..=b'f' => digit - b'a' + 10,
                        _ => return None,
                    };
                    Some(value << 4 | u64::from(digit))
                })?;
                (value != 0).then_some(Self(value))
            }
            _ => None,
        }
    }

    /// Writes the text form into `buffer` and returns it.
    pub fn write(self, buffer: &mut [u8; TEXT_BYTES]) -> &str {
        let len = if self == Self::ROOT { 1 } else { TEXT_BYTES };
        let mut value = self.0;
        for digit in buffer[..len].iter_mut().rev() {
            *digit = b"0123456789abcdef"[usize::from(value.to_le_bytes()[0] & 15)];
            value >>= 4;
        }
        std::str::from_utf8(&buffer[..len]).unwrap_or_default()
    }

    /// As stored in a snapshot.
    pub(super) fn value(self) -> u64 {
        self.0
    }

    /// As stored in a snapshot.
    pub(super) const fn from_value(value: u64) -> Self {
        Self(value)
    }
}

/// An object where a control point meets it: at home, or as an appearance in another container.
///
/// In text: the object's id, and for an appearance a dot and the container's id. The appearance's `@refID` is the object's
/// own id (ContentDirectory:1 §2.8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The object.
    pub object: ObjectId,
    /// The container it appears in; `None`: it is met at home.
    pub within: Option<ObjectId>,
}

impl Place {
    /// Reads the text form, and nothing but the text form.
    pub fn parse(text: &str) -> Option<Self> {
        let (object, within) = match text.split_once(char::from(WITHIN)) {
            Some((object, within)) => (object, Some(ObjectId::parse(within)?)),
            None => (text, None),
        };
        let object = ObjectId::parse(object)?;
        Some(Self { object, within })
    }

    /// Writes the text form into `buffer` and returns it.
    pub fn write(self, buffer: &mut [u8; PLACE_BYTES]) -> &str {
        let mut text = [0; TEXT_BYTES];
        let mut len = self.object.write(&mut text).len();
        buffer[..len].copy_from_slice(&text[..len]);
        if let Some(within) = self.within {
            let within = within.write(&mut text).as_bytes();
            buffer[len] = WITHIN;
            len += 1;
            buffer[len..len + within.len()].copy_from_slice(within);
            len += within.len();
        }
        std::str::from_utf8(&buffer[..len]).unwrap_or_default()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.write(&mut [0; PLACE_BYTES]))
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.write(&mut [0; TEXT_BYTES]))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_fixed_and_comes_back() {
        for (value, text) in [
            (0, "0"),
            (1, "0000000000000001"),
            (0x0123_4567_89ab_cdef, "0123456789abcdef"),
            (u64::MAX, "ffffffffffffffff"),
        ] {
            assert_eq!(ObjectId(value).to_string(), text);
            assert_eq!(ObjectId::parse(text), Some(ObjectId(value)));
        }
    }

    #[test]
    fn any_other_text_is_no_id() {
        for text in [
            "",
            "-1",
            "00",
            "1",
            " 0",
            "0000000000000000",
            "0123456789ABCDEF",
            "0123456789abcde",
            "0123456789abcdef0",
            "+123456789abcdef",
            "0123456789abcdeg",
            "0123456789abcd\u{e9}",
        ] {
            assert_eq!(ObjectId::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_place_is_one_id_or_two() {
        let (item, container) = (ObjectId(1), ObjectId(u64::MAX));
        for (object, within, text) in [
            (item, None, "0000000000000001"),
            (ObjectId::ROOT, None, "0"),
            (item, Some(container), "0000000000000001.ffffffffffffffff"),
            (item, Some(ObjectId::ROOT), "0000000000000001.0"),
        ] {
            let place = Place { object, within };
            assert_eq!(place.write(&mut [0; PLACE_BYTES]), text);
            assert_eq!(Place::parse(text), Some(place));
        }
        for text in [
            ".",
            "0.",
            ".0",
            "0.0.0",
            "0000000000000001.ffffffffffffffff.0",
        ] {
            assert_eq!(Place::parse(text), None, "{text}");
        }
    }

    #[test]
    fn ids_are_those_of_every_release() {
        // Kept by renderers for years: a change of these values loses every favourite.
        let id = ObjectId::of(b"/srv/media", b"a/b.mp3", 0);
        assert_eq!(id.to_string(), "816b49f372abc474");
        assert_ne!(id, ObjectId::of(b"/srv/media/a", b"b.mp3", 0));
        assert_ne!(id, ObjectId::of(b"/srv/media", b"a/b.mp3", 1));
    }
}
