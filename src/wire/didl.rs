//! DIDL-Lite (ContentDirectory:1 §2.8, appendix B): the objects in a listing.
//!
//! Everything is written in the form that it has as the text of a SOAP `Result`: markup escaped once, values twice. The
//! markup is escaped when rill is compiled (`markup!`), so that a listing is mostly copying. Nothing is allocated.
//!
//! Properties stand in one order: `dc:title`, other `dc:`, `upnp:class`, other `upnp:`, `res`; strict renderers want
//! the first and the last so. Which optional ones are written is the [`Filter`]'s to say (ContentDirectory:1 §2.5.7).

pub mod read;

use std::time::Duration;

use super::criteria::{Filter, Property};
use super::xml::write::{self, Sink, text_twice};

/// A literal piece of XML as bytes, escaped once, at compile time. The quotes in it stay: it becomes element text.
macro_rules! markup {
    ($literal:expr) => {{
        const ESCAPED: [u8; escaped_bytes($literal)] = escaped($literal);
        &ESCAPED
    }};
}

// Behind the macro, which it uses.
mod res;

pub use res::{Res, Url};

/// What stands for a byte of markup.
const fn entity(byte: &u8) -> &[u8] {
    match byte {
        b'<' => b"&lt;",
        b'>' => b"&gt;",
        b'&' => b"&amp;",
        _ => std::slice::from_ref(byte),
    }
}

/// Bytes of a literal, escaped.
const fn escaped_bytes(literal: &str) -> usize {
    let mut rest = literal.as_bytes();
    let mut bytes = 0;
    while let [byte, tail @ ..] = rest {
        bytes += entity(byte).len();
        rest = tail;
    }
    bytes
}

/// A literal, escaped; `BYTES` is its [`escaped_bytes`].
#[expect(
    clippy::indexing_slicing,
    reason = "runs at compile time: a wrong index does not compile"
)]
const fn escaped<const BYTES: usize>(literal: &str) -> [u8; BYTES] {
    let mut whole = [0; BYTES];
    let mut used = 0;
    let mut rest = literal.as_bytes();
    while let [byte, tail @ ..] = rest {
        let mut entity = entity(byte);
        while let [piece, others @ ..] = entity {
            whole[used] = *piece;
            used += 1;
            entity = others;
        }
        rest = tail;
    }
    whole
}

/// Begins a listing, with every prefix that anything in it can have; Samsung's only if `sec`.
pub fn open(sink: &mut impl Sink, sec: bool) {
    sink.put(markup!(concat!(
        "<DIDL-Lite xmlns=\"urn:schemas-upnp-org:metadata-1-0/DIDL-Lite/\"",
        " xmlns:dc=\"http://purl.org/dc/elements/1.1/\"",
        " xmlns:upnp=\"urn:schemas-upnp-org:metadata-1-0/upnp/\"",
        " xmlns:dlna=\"urn:schemas-dlna-org:metadata-1-0/\""
    )));
    if sec {
        sink.put(markup!(" xmlns:sec=\"http://www.sec.co.kr/\""));
    }
    sink.put(markup!(" xmlns:pv=\"http://www.pv.com/pvns/\">"));
}

/// Ends a listing.
pub fn close(sink: &mut impl Sink) {
    sink.put(markup!("</DIDL-Lite>"));
}

/// A container. The root has the id `0` and the parent `-1` (ContentDirectory:1 §2.8.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Container<'a> {
    /// `@id`
    pub id: &'a str,
    /// `@parentID`
    pub parent_id: &'a str,
    /// `dc:title`; never empty, renderers show nothing then.
    pub title: &'a str,
    /// `upnp:class`, such as `object.container.storageFolder`.
    pub class: &'a str,
    /// `@childCount`: exactly what a listing of it gives, some renderers trust it.
    pub child_count: u32,
    /// `@searchable`: whether Search works below it.
    pub searchable: bool,
    /// `upnp:searchClass`: the classes that a search below it can find, those derived from them too.
    pub search_classes: &'a [&'a str],
    /// `dc:date`, as that of an [`Item`].
    pub date: Option<&'a str>,
    /// `upnp:artist`: of an album.
    pub artist: Option<&'a str>,
    /// Pictures of it, the one for everybody first.
    pub album_art: &'a [AlbumArt<'a>],
    /// Sony's `av:mediaClass`: `M`, `V` or `P`.
    pub media_class: Option<&'a str>,
}

impl Container<'_> {
    /// Writes the container with what `filter` asks for.
    pub fn write(&self, sink: &mut impl Sink, filter: Filter) {
        sink.put(markup!("<container id=\""));
        text_twice(sink, self.id);
        sink.put(markup!("\" parentID=\""));
        text_twice(sink, self.parent_id);
        sink.put(markup!("\" restricted=\"1"));
        if filter.has(Property::Searchable) {
            sink.put(if self.searchable {
                markup!("\" searchable=\"1")
            } else {
                markup!("\" searchable=\"0")
            });
        }
        if filter.has(Property::ChildCount) {
            sink.put(markup!("\" childCount=\""));
            write::number(sink, self.child_count.into());
        }
        sink.put(markup!("\"><dc:title>"));
        text_twice(sink, self.title);
        sink.put(markup!("</dc:title>"));
        if let Some(date) = self.date.filter(|_| filter.has(Property::Date)) {
            element(sink, markup!("<dc:date>"), date, markup!("</dc:date>"));
        }
        element(
            sink,
            markup!("<upnp:class>"),
            self.class,
            markup!("</upnp:class>"),
        );
        if filter.has(Property::SearchClass) {
            for class in self.search_classes {
                element(
                    sink,
                    markup!("<upnp:searchClass includeDerived=\"1\">"),
                    class,
                    markup!("</upnp:searchClass>"),
                );
            }
        }
        if let Some(artist) = self.artist.filter(|_| filter.has(Property::Artist)) {
            let end = markup!("</upnp:artist>");
            element(sink, markup!("<upnp:artist>"), artist, end);
        }
        if filter.has(Property::AlbumArt) {
            self.album_art.iter().for_each(|art| art.write(sink));
        }
        if let Some(class) = self.media_class {
            element(
                sink,
                markup!("<av:mediaClass xmlns:av=\"urn:schemas-sony-com:av\">"),
                class,
                markup!("</av:mediaClass>"),
            );
        }
        sink.put(markup!("</container>"));
    }
}

/// An item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Item<'a> {
    /// `@id`
    pub id: &'a str,
    /// `@parentID`
    pub parent_id: &'a str,
    /// `@refID`: the item that this one stands for.
    pub ref_id: Option<&'a str>,
    /// `dc:title`; never empty, renderers show nothing then.
    pub title: &'a str,
    /// `upnp:class`, such as `object.item.videoItem`.
    pub class: &'a str,
    /// `dc:date`: `2009-05-01` or `2009-05-01T18:30:00`. Some renderers drop an item whose date is anything else.
    pub date: Option<&'a str>,
    /// `dc:creator`
    pub creator: Option<&'a str>,
    /// `upnp:artist`
    pub artist: Option<&'a str>,
    /// `upnp:artist` with the role `AlbumArtist`.
    pub album_artist: Option<&'a str>,
    /// `upnp:artist` with the role `Composer`.
    pub composer: Option<&'a str>,
    /// `upnp:album`
    pub album: Option<&'a str>,
    /// `upnp:genre`
    pub genre: Option<&'a str>,
    /// `upnp:originalTrackNumber`
    pub track_number: Option<u32>,
    /// `upnp:originalDiscNumber`
    pub disc_number: Option<u32>,
    /// `upnp:seriesTitle`
    pub series: Option<&'a str>,
    /// `upnp:episodeSeason`
    pub season: Option<u32>,
    /// `upnp:episodeNumber`
    pub episode: Option<u32>,
    /// `upnp:rating`, stars.
    pub rating: Option<u32>,
    /// How far it was played, and how often; `None`: never.
    pub playback: Option<Playback<'a>>,
    /// Pictures of it, the one for everybody first.
    pub album_art: &'a [AlbumArt<'a>],
    /// The ways to fetch it, the best first.
    pub res: &'a [Res<'a>],
    /// Its subtitle files, the best first: each becomes a res of its own behind the others; the first is also told in
    /// the words of Samsung (`sec:CaptionInfoEx`) and of Panasonic (`pv:subtitleFileUri`).
    pub captions: &'a [Caption<'a>],
    /// Which of these there are.
    pub caption_forms: CaptionForms,
}

/// How subtitle files are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaptionForms {
    /// `sec:CaptionInfoEx`
    pub info: CaptionInfo,
    /// `pv:subtitleFileUri`
    pub uri: bool,
    /// How many become a res of their own.
    pub most: u8,
}

/// Forms of `sec:CaptionInfoEx`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptionInfo {
    /// It is left out.
    None,
    /// The URL and `sec:type`.
    Usual,
    /// With a protocolInfo besides.
    WithProtocol,
}

impl CaptionForms {
    /// All that control points may look for.
    pub const ALL: Self = Self {
        info: CaptionInfo::Usual,
        uri: true,
        most: u8::MAX,
    };
}

impl Default for CaptionForms {
    fn default() -> Self {
        Self::ALL
    }
}

/// What people did with an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Playback<'a> {
    /// `upnp:lastPlaybackPosition`, written in whole seconds; zero is not told.
    pub position: Duration,
    /// How that is written.
    pub form: PositionForm,
    /// The same as the number that Samsung wants in `sec:dcmInfo`; zero is not told.
    pub bookmark: u64,
    /// `upnp:playbackCount`; zero is not told.
    pub count: u32,
    /// `upnp:lastPlaybackTime`: `2009-05-01T18:30:00Z`.
    pub time: Option<&'a str>,
}

/// How `upnp:lastPlaybackPosition` is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PositionForm {
    /// `H+:MM:SS`, the standard's.
    Clock,
    /// Plain seconds, the only form that Kodi reads.
    Seconds,
}

/// `upnp:albumArtURI`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlbumArt<'a> {
    /// `@dlna:profileID`: Samsung shows no picture without it.
    pub profile: &'a str,
    /// Where it is.
    pub url: Url<'a>,
}

/// A subtitle file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caption<'a> {
    /// Its media type, `text/srt`.
    pub mime: &'a str,
    /// What Samsung and Panasonic call it: `srt`.
    pub kind: &'a str,
    /// Where it is; the URL must end in `.srt` for many televisions.
    pub url: Url<'a>,
}

impl Item<'_> {
    /// Writes the item with what `filter` asks for.
    pub fn write(&self, sink: &mut impl Sink, filter: Filter) {
        let has = |property| filter.has(property);
        self.write_attributes(sink, filter);
        sink.put(markup!("\" restricted=\"1\"><dc:title>"));
        text_twice(sink, self.title);
        sink.put(markup!("</dc:title>"));
        if let Some(creator) = self.creator.filter(|_| has(Property::Creator)) {
            element(
                sink,
                markup!("<dc:creator>"),
                creator,
                markup!("</dc:creator>"),
            );
        }
        if let Some(date) = self.date.filter(|_| has(Property::Date)) {
            element(sink, markup!("<dc:date>"), date, markup!("</dc:date>"));
        }
        element(
            sink,
            markup!("<upnp:class>"),
            self.class,
            markup!("</upnp:class>"),
        );
        if has(Property::Artist) {
            self.write_artists(sink);
        }
        self.write_album(sink, filter);
        self.write_series(sink, filter);
        if let Some(playback) = &self.playback {
            playback.write(sink, filter, self.title);
        }
        if has(Property::AlbumArt) {
            self.album_art.iter().for_each(|art| art.write(sink));
        }
        let info = self.caption_forms.info;
        if let Some(caption) = self.captions.first()
            && has(Property::CaptionInfo)
            && info != CaptionInfo::None
        {
            caption.write_info(sink, info);
        }
        if has(Property::Res) {
            self.write_res(sink, filter);
        }
        sink.put(markup!("</item>"));
    }

    fn write_res(&self, sink: &mut impl Sink, filter: Filter) {
        let mut subtitle = self
            .captions
            .first()
            .filter(|_| self.caption_forms.uri && filter.has(Property::SubtitleFile));
        for res in self.res {
            res.write(sink, filter, subtitle.take());
        }
        for caption in self.captions.iter().take(self.caption_forms.most.into()) {
            caption.write_res(sink);
        }
    }

    fn write_series(&self, sink: &mut impl Sink, filter: Filter) {
        if let Some(series) = self.series.filter(|_| filter.has(Property::Series)) {
            element(
                sink,
                markup!("<upnp:seriesTitle>"),
                series,
                markup!("</upnp:seriesTitle>"),
            );
        }
        let numbers = [
            (
                Property::Season,
                self.season,
                &markup!("<upnp:episodeSeason>")[..],
                &markup!("</upnp:episodeSeason>")[..],
            ),
            (
                Property::Episode,
                self.episode,
                markup!("<upnp:episodeNumber>"),
                markup!("</upnp:episodeNumber>"),
            ),
            (
                Property::Rating,
                self.rating,
                markup!("<upnp:rating>"),
                markup!("</upnp:rating>"),
            ),
        ];
        for (property, number, start, end) in numbers {
            if let Some(number) = number.filter(|_| filter.has(property)) {
                sink.put(start);
                write::number(sink, number.into());
                sink.put(end);
            }
        }
    }

    fn write_attributes(&self, sink: &mut impl Sink, filter: Filter) {
        sink.put(markup!("<item id=\""));
        text_twice(sink, self.id);
        sink.put(markup!("\" parentID=\""));
        text_twice(sink, self.parent_id);
        if let Some(ref_id) = self.ref_id.filter(|_| filter.has(Property::RefId)) {
            sink.put(markup!("\" refID=\""));
            text_twice(sink, ref_id);
        }
    }

    /// The track's artist stands first: many control points show the first and know no roles.
    fn write_artists(&self, sink: &mut impl Sink) {
        let end = markup!("</upnp:artist>");
        if let Some(artist) = self.artist {
            element(sink, markup!("<upnp:artist>"), artist, end);
        }
        if let Some(artist) = self.album_artist {
            element(
                sink,
                markup!("<upnp:artist role=\"AlbumArtist\">"),
                artist,
                end,
            );
        }
        if let Some(composer) = self.composer {
            element(
                sink,
                markup!("<upnp:artist role=\"Composer\">"),
                composer,
                end,
            );
        }
    }

    fn write_album(&self, sink: &mut impl Sink, filter: Filter) {
        if let Some(album) = self.album.filter(|_| filter.has(Property::Album)) {
            element(
                sink,
                markup!("<upnp:album>"),
                album,
                markup!("</upnp:album>"),
            );
        }
        if let Some(genre) = self.genre.filter(|_| filter.has(Property::Genre)) {
            element(
                sink,
                markup!("<upnp:genre>"),
                genre,
                markup!("</upnp:genre>"),
            );
        }
        if let Some(track) = self
            .track_number
            .filter(|_| filter.has(Property::TrackNumber))
        {
            sink.put(markup!("<upnp:originalTrackNumber>"));
            write::number(sink, track.into());
            sink.put(markup!("</upnp:originalTrackNumber>"));
        }
        if let Some(disc) = self
            .disc_number
            .filter(|_| filter.has(Property::DiscNumber))
        {
            sink.put(markup!("<upnp:originalDiscNumber>"));
            write::number(sink, disc.into());
            sink.put(markup!("</upnp:originalDiscNumber>"));
        }
    }
}

impl Playback<'_> {
    fn write(&self, sink: &mut impl Sink, filter: Filter, title: &str) {
        if !self.position.is_zero() && filter.has(Property::LastPlaybackPosition) {
            sink.put(markup!("<upnp:lastPlaybackPosition>"));
            match self.form {
                PositionForm::Clock => write_hours(sink, self.position),
                PositionForm::Seconds => write::number(sink, self.position.as_secs()),
            }
            sink.put(markup!("</upnp:lastPlaybackPosition>"));
        }
        if let Some(time) = self.time.filter(|_| filter.has(Property::LastPlaybackTime)) {
            element(
                sink,
                markup!("<upnp:lastPlaybackTime>"),
                time,
                markup!("</upnp:lastPlaybackTime>"),
            );
        }
        if self.count > 0 && filter.has(Property::PlaybackCount) {
            sink.put(markup!("<upnp:playbackCount>"));
            write::number(sink, self.count.into());
            sink.put(markup!("</upnp:playbackCount>"));
        }
        if self.bookmark > 0 && filter.has(Property::DcmInfo) {
            sink.put(markup!("<sec:dcmInfo>"));
            sink.put(b"CREATIONDATE=0,FOLDER=");
            // A comma would end it: the text is a list.
            title.split(',').for_each(|part| text_twice(sink, part));
            sink.put(b",BM=");
            write::number(sink, self.bookmark);
            sink.put(markup!("</sec:dcmInfo>"));
        }
    }
}

impl AlbumArt<'_> {
    fn write(&self, sink: &mut impl Sink) {
        sink.put(markup!("<upnp:albumArtURI dlna:profileID=\""));
        text_twice(sink, self.profile);
        sink.put(markup!("\">"));
        self.url.write(sink);
        sink.put(markup!("</upnp:albumArtURI>"));
    }
}

impl Caption<'_> {
    fn write_info(&self, sink: &mut impl Sink, form: CaptionInfo) {
        sink.put(markup!("<sec:CaptionInfoEx sec:type=\""));
        text_twice(sink, self.kind);
        if form == CaptionInfo::WithProtocol {
            sink.put(markup!("\" protocolInfo=\"http-get:*:"));
            text_twice(sink, self.mime);
            sink.put(b":*");
        }
        sink.put(markup!("\">"));
        self.url.write(sink);
        sink.put(markup!("</sec:CaptionInfoEx>"));
    }

    fn write_res(&self, sink: &mut impl Sink) {
        sink.put(markup!("<res protocolInfo=\"http-get:*:"));
        text_twice(sink, self.mime);
        sink.put(markup!(":*\">"));
        self.url.write(sink);
        sink.put(markup!("</res>"));
    }
}

/// Lengths are known to the compiler, which then copies the tags without a call.
#[inline]
fn element<const START: usize, const END: usize>(
    sink: &mut impl Sink,
    start: &[u8; START],
    text: &str,
    end: &[u8; END],
) {
    sink.put(start);
    text_twice(sink, text);
    sink.put(end);
}

/// Writes `H+:MM:SS`.
fn write_hours(sink: &mut impl Sink, duration: Duration) {
    let secs = duration.as_secs();
    write::number(sink, secs / 3600);
    sink.put(b":");
    write::padded(sink, secs / 60 % 60, 2);
    sink.put(b":");
    write::padded(sink, secs % 60, 2);
}

#[cfg(test)]
#[path = "didl_tests.rs"]
mod tests;
