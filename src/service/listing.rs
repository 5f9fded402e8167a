//! Objects of the catalogue as DIDL-Lite.

use std::{cell::OnceCell, fmt::Write as _, sync::Arc};

use super::{Request, Shared, art, in_progress::InProgress, user_state};
use crate::{
    catalogue::{
        object_id::{self, ObjectId},
        record::Tag,
        snapshot::{Entry, Object, Snapshot},
        user_state::UserStates,
    },
    limits,
    media::{Class, Precision, mime::Mime, picture::Target},
    wire::{
        criteria::Filter,
        date::DidlDate,
        didl::{AlbumArt, Caption, Container, Item, PositionForm, Res, Url},
        xml::write::Sink,
    },
};

/// What the root container says can be found below it (`upnp:searchClass`): Grilo, `BubbleUPnP` and HEOS look here before
/// they search.
const SEARCH_CLASSES: [&str; 3] = [
    "object.item.audioItem",
    "object.item.imageItem",
    "object.item.videoItem",
];

/// How objects are told in one answer. It does not change while the answer is sent, so that its length stays true.
pub(super) struct Look {
    /// What URLs begin with: `http://10.0.0.1:8200`.
    base: String,
    filter: Filter,
    states: Arc<UserStates>,
    form: PositionForm,
    snapshot: Arc<Snapshot>,
    /// The container that shows what is in progress.
    in_progress_parent: Option<ObjectId>,
    /// What is in progress; made when somebody looks at it, for that takes a walk through all states.
    in_progress: OnceCell<Option<InProgress>>,
}

impl Look {
    /// For the answer to `request`, which asks for the properties of `filter`.
    pub(super) fn new(
        request: &Request<'_>,
        filter: &str,
        snapshot: &Arc<Snapshot>,
        shared: &Shared,
    ) -> Self {
        Self {
            base: format!("http://{}", request.local),
            filter: Filter::parse(filter),
            form: user_state::form_for(request, filter),
            states: shared.states(),
            snapshot: Arc::clone(snapshot),
            in_progress_parent: shared.in_progress_parent,
            in_progress: OnceCell::new(),
        }
    }

    /// What is in progress, if that is shown anywhere.
    pub(super) fn in_progress(&self) -> Option<&InProgress> {
        let make = || InProgress::of(&self.snapshot, &self.states, self.in_progress_parent);
        self.in_progress.get_or_init(make).as_ref()
    }

    /// What is in progress, if that stands in `container`.
    pub(super) fn in_progress_in(&self, container: ObjectId) -> Option<&InProgress> {
        if self.in_progress_parent != Some(container) {
            return None;
        }
        self.in_progress().filter(|it| it.is_in(container))
    }

    /// Writes the container of what is in progress.
    pub(super) fn write_in_progress(&self, sink: &mut impl Sink) {
        if let Some(in_progress) = self.in_progress() {
            in_progress.write(self.filter, sink);
        }
    }

    /// Children that a container has besides those of the snapshot.
    fn more_children(&self, container: ObjectId) -> u32 {
        self.in_progress_in(container).is_some().into()
    }
}

/// Writes one object.
pub(super) fn write(entry: &Entry<'_>, look: &Look, sink: &mut impl Sink) {
    let object = &entry.object;
    let (mut own, mut above) = ([0; object_id::PLACE_BYTES], [0; object_id::TEXT_BYTES]);
    let id = entry.place().write(&mut own);
    let parent_id = match entry.parent_id() {
        Some(parent) => parent.write(&mut above),
        None => ObjectId::NO_PARENT,
    };
    let names = Names { id, parent_id };
    if object.is_container() {
        write_container(object, &names, look, sink);
        return;
    }
    write_item(entry, &names, look, sink);
}

/// What an object is called where it is met.
struct Names<'a> {
    id: &'a str,
    parent_id: &'a str,
}

fn write_container(object: &Object<'_>, names: &Names<'_>, look: &Look, sink: &mut impl Sink) {
    let base = look.base.as_str();
    // An album shows the picture of one of its items, under that item's own URL.
    let cover = object.cover(art::can_be_scaled);
    let mut home = [0; object_id::TEXT_BYTES];
    let (small_paths, pictures);
    let album_art: &[AlbumArt<'_>] = match cover {
        Some(cover) => {
            let id = cover.id().write(&mut home);
            small_paths = SIZES.map(|target| ["/art/", id, art::suffix(target), ".jpg"]);
            pictures = small_art(base, &small_paths);
            &pictures
        }
        None => &[],
    };
    let date = date_text(object);
    Container {
        id: names.id,
        parent_id: names.parent_id,
        title: object.title(),
        class: object.upnp_class(),
        child_count: object.child_count() + look.more_children(object.id()),
        searchable: true,
        search_classes: if names.parent_id == ObjectId::NO_PARENT {
            &SEARCH_CLASSES
        } else {
            &[]
        },
        date: Some(date.as_str()).filter(|date| !date.is_empty()),
        artist: object.property(Tag::Artist),
        album_art,
    }
    .write(sink, look.filter);
}

fn write_item(entry: &Entry<'_>, names: &Names<'_>, look: &Look, sink: &mut impl Sink) {
    let object = &entry.object;
    let base = look.base.as_str();
    let mut home = [0; object_id::TEXT_BYTES];
    let id = object.id().write(&mut home);
    let mime = object.mime();
    let class = object.class().unwrap_or(mime.class());
    let own_path = ["/media/", id, ".", mime.extension()];
    let small_paths = SIZES.map(|target| ["/art/", id, art::suffix(target), ".jpg"]);
    let path = &own_path;
    let own = match object.stream_url() {
        Some(base) => Res::new(object.protocol_info(), Url { base, path: &[] }),
        None => own_res(object, Url { base, path }),
    };
    // Most items have neither pictures nor captions: what they need is made only where it is needed.
    let pictures;
    let album_art: &[AlbumArt<'_>] = if art::can_be_scaled(object) {
        pictures = small_art(base, &small_paths);
        &pictures
    } else {
        &[]
    };
    let copies;
    let res: &[Res<'_>] = if class == Class::Image && !album_art.is_empty() {
        copies = with_copies(object, own, album_art);
        &copies
    } else {
        std::slice::from_ref(&own)
    };
    let (files, paths, listed);
    let captions: &[Caption<'_>] = if object.captions().next().is_some() {
        files = CaptionFiles::of(object);
        paths = files.paths();
        listed = files.listed(base, &paths);
        &listed
    } else {
        &[]
    };
    let date = date_text(object);
    let state = look.states.of(object);
    let played = user_state::time_text(state);
    let property = |tag| object.property(tag);
    let artist = property(Tag::Artist);
    Item {
        id: names.id,
        parent_id: names.parent_id,
        ref_id: entry.within.map(|_| id),
        title: object.title(),
        class: object.upnp_class(),
        date: Some(date.as_str()).filter(|date| !date.is_empty()),
        creator: artist,
        artist,
        album_artist: property(Tag::AlbumArtist),
        album: property(Tag::Album),
        genre: property(Tag::Genre),
        composer: property(Tag::Composer),
        track_number: object.track().map(u32::from),
        disc_number: object.disc().map(u32::from),
        series: object.series(),
        season: object.season().map(u32::from),
        episode: object.episode().map(u32::from),
        rating: object.rating().map(u32::from),
        playback: state.map(|state| user_state::playback(state, look.form, &played)),
        album_art,
        res,
        captions,
    }
    .write(sink, look.filter);
}

/// The item's own bytes.
fn own_res<'a>(object: &Object<'_>, url: Url<'a>) -> Res<'a> {
    Res {
        size: Some(object.size()),
        duration: object.duration(),
        bitrate_bytes_per_sec: object.bitrate_bytes_per_sec(),
        resolution: object.resolution(),
        sample_frequency: object.sample_rate(),
        bits_per_sample: object.bits_per_sample(),
        nr_audio_channels: object.channels(),
        ..Res::new(object.protocol_info(), url)
    }
}

/// The sizes of small pictures: the one for every renderer first, then the better one, for those that take the last.
const SIZES: [Target; 2] = [Target::Thumbnail, Target::Small];

/// The small pictures of an item as art.
fn small_art<'a>(base: &'a str, paths: &'a [[&'a str; 4]; 2]) -> [AlbumArt<'a>; 2] {
    let [thumbnail, small] = paths;
    let [first, second] = SIZES.map(art::profile);
    let art = |profile, path| AlbumArt {
        profile,
        url: Url { base, path },
    };
    [art(first, thumbnail), art(second, small)]
}

/// A photograph and its smaller copies.
fn with_copies<'a>(
    object: &Object<'_>,
    own: Res<'a>,
    art: &[AlbumArt<'a>],
) -> heapless::Vec<Res<'a>, 3> {
    let mut res = heapless::Vec::new();
    // Three fit: the photograph and one of each size.
    let _ = res.push(own);
    for (target, art) in SIZES.into_iter().zip(art) {
        if is_smaller(object, target) {
            let _ = res.push(Res::new(art::protocol_info(target), art.url));
        }
    }
    res
}

/// True if the small picture has fewer pixels than the photograph itself.
fn is_smaller(object: &Object<'_>, target: Target) -> bool {
    let (most_wide, most_high) = target.bounds();
    object
        .resolution()
        .is_none_or(|(width, height)| width > most_wide || height > most_high)
}

/// The subtitle files of an item.
struct CaptionFiles(heapless::Vec<CaptionFile, { limits::CAPTIONS }>);

struct CaptionFile {
    id: [u8; object_id::TEXT_BYTES],
    mime: Mime,
}

impl CaptionFiles {
    fn of(object: &Object<'_>) -> Self {
        let file = |caption: Object<'_>| {
            let mut id = [0; object_id::TEXT_BYTES];
            caption.id().write(&mut id);
            let mime = caption.mime();
            CaptionFile { id, mime }
        };
        Self(object.captions().take(limits::CAPTIONS).map(file).collect())
    }

    fn paths(&self) -> heapless::Vec<[&str; 4], { limits::CAPTIONS }> {
        self.0.iter().map(CaptionFile::path).collect()
    }

    fn listed<'a>(
        &self,
        base: &'a str,
        paths: &'a [[&'a str; 4]],
    ) -> heapless::Vec<Caption<'a>, { limits::CAPTIONS }> {
        let caption = |(file, path): (&CaptionFile, &'a [&'a str; 4])| Caption {
            mime: file.mime.as_str(),
            kind: file.mime.extension(),
            url: Url { base, path },
        };
        self.0.iter().zip(paths).map(caption).collect()
    }
}

impl CaptionFile {
    fn path(&self) -> [&str; 4] {
        let id = std::str::from_utf8(&self.id).unwrap_or_default();
        ["/media/", id, ".", self.mime.extension()]
    }
}

/// `dc:date`; empty where there is none.
fn date_text(object: &Object<'_>) -> heapless::String<32> {
    let mut text = heapless::String::new();
    if let Some(date) = object.date() {
        let day_only = date.precision != Precision::Second;
        let unix_secs = date.unix_secs;
        // 19 characters always fit.
        let _ = write!(
            text,
            "{}",
            DidlDate {
                unix_secs,
                day_only
            }
        );
    }
    text
}
