//! Titles as some devices need them.

use std::fmt::Write as _;

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
pub(super) fn title(
    object: &Object<'_>,
    mime: Mime,
    number: u32,
    has_captions: bool,
    titles: Titles,
) -> String {
    changed(
        object.title(),
        mime.extension(),
        number,
        has_captions,
        titles,
    )
}

fn changed(own: &str, extension: &str, number: u32, has_captions: bool, titles: Titles) -> String {
    let mut title = String::with_capacity(own.len() + 16);
    if titles.numbered {
        // Four digits, so that texts sort as numbers do. Writing to a String cannot fail.
        let _ = write!(title, "{:04} ", number.saturating_add(1));
    }
    let ending = match titles.ending {
        Ending::DotForCaptions if has_captions && !own.contains('.') => (".", ""),
        Ending::Extension => (".", extension),
        _ => ("", ""),
    };
    let room = match titles.most {
        0 => usize::MAX,
        most => usize::from(most).saturating_sub(ending.0.len() + ending.1.len()),
    };
    for letter in own.chars().take(room) {
        let other = titles.replaced.iter().find(|(from, _)| *from == letter);
        title.push(other.map_or(letter, |(_, to)| *to));
    }
    title + ending.0 + ending.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_take_the_form_that_a_device_needs() {
        let title = |own, captions, titles| changed(own, "mkv", 6, captions, titles);
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
