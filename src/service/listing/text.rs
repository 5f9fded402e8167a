//! Titles as some devices need them.

use std::{borrow::Cow, fmt::Write as _};

use crate::{
    catalogue::snapshot::Object,
    media::mime::Mime,
    service::devices::{Ending, Titles},
};

/// Whether titles stay as they are.
pub(super) fn is_kept(titles: Titles) -> bool {
    titles == Titles::OWN
}

/// The title of an item that stands at `number` in its listing.
pub(super) fn title<'o>(
    object: &Object<'o>,
    mime: Mime,
    number: u32,
    has_captions: bool,
    titles: Titles,
) -> Cow<'o, str> {
    changed(
        object.title(),
        mime.extension(),
        number,
        has_captions,
        titles,
    )
}

fn changed<'t>(
    own: &'t str,
    extension: &str,
    number: u32,
    has_captions: bool,
    titles: Titles,
) -> Cow<'t, str> {
    let mut title = Cow::Borrowed(own);
    if titles.numbered {
        // Four digits, so that texts sort as numbers do.
        let mut numbered = String::with_capacity(own.len() + 5);
        let _ = write!(numbered, "{:04} {own}", number.saturating_add(1));
        title = Cow::Owned(numbered);
    }
    for (from, to) in titles.replaced {
        if title.contains(*from) {
            title = Cow::Owned(title.replace(*from, to.encode_utf8(&mut [0; 4])));
        }
    }
    let ending = match titles.ending {
        Ending::DotForCaptions if has_captions && !title.contains('.') => ".",
        Ending::Extension => extension,
        _ => "",
    };
    let dots = usize::from(titles.ending == Ending::Extension);
    if titles.most > 0 {
        let room = usize::from(titles.most).saturating_sub(ending.len() + dots);
        if let Some((end, _)) = title.char_indices().nth(room) {
            title.to_mut().truncate(end);
        }
    }
    if dots > 0 {
        title.to_mut().push('.');
    }
    if !ending.is_empty() {
        title.to_mut().push_str(ending);
    }
    title
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_take_the_form_that_a_device_needs() {
        let title = |own, captions, titles| changed(own, "mkv", 6, captions, titles).into_owned();
        let own = Titles::OWN;
        assert_eq!(title("A / b: c", true, own), "A / b: c");
        let numbered = Titles {
            numbered: true,
            ..own
        };
        assert_eq!(title("Title", false, numbered), "0007 Title");
        let mapped = Titles {
            replaced: &[('/', '-'), (':', '-')],
            ..own
        };
        assert_eq!(title("AC/DC: live", false, mapped), "AC-DC- live");
        let dot = Titles {
            ending: Ending::DotForCaptions,
            ..own
        };
        assert_eq!(title("Film", true, dot), "Film.");
        assert_eq!(title("Film", false, dot), "Film");
        assert_eq!(title("Film 2.0", true, dot), "Film 2.0");
        let short = Titles {
            most: 8,
            ending: Ending::Extension,
            ..own
        };
        assert_eq!(title("A long one", false, short), "A lo.mkv");
        assert_eq!(
            title("\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}", false, short),
            "\u{e9}\u{e9}\u{e9}\u{e9}.mkv"
        );
    }
}
