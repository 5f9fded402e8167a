//! Which subtitle file belongs to which video: `clip.srt` and `clip.en.srt` to `clip.mkv` beside them.

use zerocopy::little_endian::U32;

use super::{
    builder::Builder,
    record::{Record, stem},
};
use crate::media::Class;

/// Suffixes between stem and extension that are looked behind: `clip.forced.en.srt` has two.
const SUFFIXES: usize = 3;

/// Links each video among the records from `first` on with its captions there. All of them are children of one
/// container, in the order of their names.
pub(super) fn attach(builder: &mut Builder, first: u32) {
    let children = builder.records.get(first as usize..).unwrap_or_default();
    let of = |class: Class| {
        (first..)
            .zip(children)
            .filter(move |(_, record)| record.kind == class as u8)
    };
    if of(Class::Caption).next().is_none() {
        return;
    }
    let mut videos: Vec<(&[u8], u32)> = of(Class::Video)
        .map(|(number, record)| (stem(builder.name(record)), number))
        .collect();
    videos.sort_unstable();
    let mut pairs: Vec<(u32, u32)> = Vec::new();
    for (caption, record) in of(Class::Caption) {
        let matching = videos_of(builder, record, &videos);
        pairs.extend(matching.iter().map(|(_, video)| (*video, caption)));
    }
    pairs.sort_unstable();
    for group in pairs.chunk_by(|a, b| a.0 == b.0) {
        let at = u32::try_from(builder.links.len()).unwrap_or(u32::MAX);
        builder
            .links
            .extend(group.iter().map(|pair| U32::new(pair.1)));
        let video = &mut builder.records[group[0].0 as usize];
        video.links_at = at.into();
        video.links = u32::try_from(group.len()).unwrap_or(0).into();
    }
}

/// The videos with the longest stem that a caption's name begins with. `videos` is sorted.
fn videos_of<'v>(
    builder: &Builder,
    caption: &Record,
    videos: &'v [(&[u8], u32)],
) -> &'v [(&'v [u8], u32)] {
    let mut wanted = stem(builder.name(caption));
    for _ in 0..=SUFFIXES {
        let start = videos.partition_point(|video| video.0 < wanted);
        let count = videos[start..].partition_point(|video| video.0 == wanted);
        if count > 0 {
            return &videos[start..start + count];
        }
        wanted = stem(wanted);
    }
    &[]
}
