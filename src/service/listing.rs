//! Objects of the catalogue as DIDL-Lite.

mod text;

use std::{borrow::Cow, cell::OnceCell, fmt::Write as _, sync::Arc};

use super::{
    Request, Shared, art,
    devices::{Art, Classes, Copies, Kind, Treatment, respell},
    in_progress::InProgress,
    user_state,
};
use crate::{
    catalogue::{
        facts::{small_profile, small_protocol_info},
        object_id::{self, ObjectId},
        record::Tag,
        snapshot::{Entry, Object, Snapshot},
        user_state::UserStates,
        views::Role,
    },
    limits,
    media::{Class, Precision, mime::Mime, picture::Target},
    wire::{
        criteria::{Filter, Property},
        date::DidlDate,
        didl::{AlbumArt, Caption, Container, Item, PositionForm, Res, Url},
        protocol_info::ProtocolInfo,
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
    unmade: Arc<art::Unmade>,
    form: PositionForm,
    /// What the device needs that asks.
    pub(super) treatment: &'static Treatment,
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
        let treatment = shared.treatment(request);
        Self {
            base: format!("http://{}", request.local),
            filter: told(Filter::parse(filter), treatment),
            form: user_state::form_for(treatment, filter),
            treatment,
            states: shared.states(),
            unmade: Arc::clone(&shared.unmade.borrow()),
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

/// The properties that are told to a device of those it asks for.
fn told(filter: Filter, treatment: &Treatment) -> Filter {
    let mut told = filter;
    if !treatment.sec {
        told = told
            .without(Property::DcmInfo)
            .without(Property::CaptionInfo);
    }
    if !treatment.dates {
        told = told.without(Property::Date);
    }
    told
}

/// Writes one object, which stands at `number` in its listing.
pub(super) fn write(entry: &Entry<'_>, number: u32, look: &Look, sink: &mut impl Sink) {
    if look.treatment.letters.are_usual() {
        return write_usual(entry, number, look, sink);
    }
    let mut usual = Vec::new();
    write_usual(entry, number, look, &mut usual);
    respell(&usual, look.treatment.letters, "&amp;", |piece| {
        sink.put(piece);
    });
}

fn write_usual(entry: &Entry<'_>, number: u32, look: &Look, sink: &mut impl Sink) {
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
    write_item(entry, &names, number, look, sink);
}

/// What an object is called where it is met.
struct Names<'a> {
    id: &'a str,
    parent_id: &'a str,
}

fn write_container(object: &Object<'_>, names: &Names<'_>, look: &Look, sink: &mut impl Sink) {
    // An album shows the picture of one of its items, under that item's own URL.
    let cover = object.cover(Object::has_small_picture);
    let mut home = [0; object_id::TEXT_BYTES];
    let (paths, pictures);
    let album_art: &[AlbumArt<'_>] = match cover {
        Some(cover) => {
            paths = art_paths(cover.id().write(&mut home), cover.picture_mime());
            pictures = art_of(&cover, look, &paths);
            shown(look, &pictures)
        }
        None => &[],
    };
    let date = date_text(object);
    Container {
        id: names.id,
        parent_id: names.parent_id,
        title: object.title(),
        class: match look.treatment.classes {
            Classes::Exact => object.upnp_class(),
            Classes::Folders | Classes::Plain => "object.container.storageFolder",
        },
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
        media_class: media_class(object.id()).filter(|_| look.treatment.media_class),
    }
    .write(sink, look.filter);
}

/// What Sony calls the containers of the root.
fn media_class(id: ObjectId) -> Option<&'static str> {
    let classes = [
        (Role::Music, "M"),
        (Role::Video, "V"),
        (Role::Pictures, "P"),
    ];
    let mut found = classes.iter().filter(|(role, _)| role.id() == id);
    found.next().map(|(_, class)| *class)
}

fn write_item(
    entry: &Entry<'_>,
    names: &Names<'_>,
    number: u32,
    look: &Look,
    sink: &mut impl Sink,
) {
    let object = &entry.object;
    let base = look.base.as_str();
    let mut home = [0; object_id::TEXT_BYTES];
    let id = object.id().write(&mut home);
    let mime = object.mime();
    let class = object.class().unwrap_or(mime.class());
    let own_path = ["/media/", id, ".", mime.extension()];
    let path = &own_path;
    let treatment = look.treatment;
    let info = treatment.listed(object.protocol_info(), Kind::from(object));
    let own = match object.stream_url() {
        Some(base) => Res::new(info, Url { base, path: &[] }),
        None => own_res(object, info, Url { base, path }),
    };
    // Most items have neither pictures nor captions: what they need is made only where it is needed.
    let (its_paths, pictures);
    let album_art: &[AlbumArt<'_>] = if object.has_small_picture() {
        its_paths = art_paths(id, object.picture_mime());
        pictures = art_of(object, look, &its_paths);
        &pictures
    } else {
        &[]
    };
    let several;
    let res: &[Res<'_>] = if class == Class::Image && !album_art.is_empty() {
        several = with_copies(object, own, album_art, treatment.copies);
        &several
    } else if treatment.extra.is_empty() && !treatment.art_as_res {
        std::slice::from_ref(&own)
    } else {
        several = with_extras(mime, class, own, album_art, treatment);
        &several
    };
    let album_art = shown(look, album_art);
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
    let title = if text::is_kept(treatment.titles) {
        Cow::Borrowed(object.title())
    } else {
        let has_captions = !captions.is_empty();
        Cow::Owned(text::title(
            object,
            mime,
            number,
            has_captions,
            treatment.titles,
        ))
    };
    Item {
        id: names.id,
        parent_id: names.parent_id,
        ref_id: entry.within.map(|_| id),
        title: &title,
        class: match (treatment.classes, class) {
            (Classes::Exact | Classes::Folders, _) => object.upnp_class(),
            (Classes::Plain, Class::Audio) => "object.item.audioItem",
            (Classes::Plain, Class::Image) => "object.item.imageItem",
            (Classes::Plain, _) => "object.item.videoItem",
        },
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
        playback: state.map(|state| user_state::playback(state, treatment, look.form, &played)),
        album_art,
        res,
        captions,
        caption_forms: treatment.captions,
    }
    .write(sink, look.filter);
}

/// The item's own bytes.
fn own_res<'a>(object: &Object<'_>, info: ProtocolInfo<'a>, url: Url<'a>) -> Res<'a> {
    Res {
        size: Some(object.size()),
        duration: object.duration(),
        bitrate_bytes_per_sec: object.bitrate_bytes_per_sec(),
        resolution: object.resolution(),
        sample_frequency: object.sample_rate(),
        bits_per_sample: object.bits_per_sample(),
        nr_audio_channels: object.channels(),
        ..Res::new(info, url)
    }
}

/// The sizes of small pictures: the one for every renderer first, then the better one, for those that take the last.
const SIZES: [Target; 2] = [Target::Thumbnail, Target::Small];

/// The last parts of the URLs of an item's pictures: those of [`SIZES`], and the cover as it lies in its file.
fn art_paths(id: &str, mime: Option<Mime>) -> [[&str; 4]; 3] {
    let [thumbnail, small] = SIZES.map(art::suffix);
    let extension = match mime {
        Some(Mime::PNG) => ".png",
        _ => ".jpg",
    };
    [(thumbnail, ".jpg"), ("", extension), (small, ".jpg")]
        .map(|(suffix, extension)| ["/art/", id, suffix, extension])
}

/// The pictures of an item that can be had. Between the small ones stands the cover itself, for those that choose by profile:
/// some take the first, some the last, and neither may be too large for them.
fn art_of<'a>(
    object: &Object<'_>,
    look: &'a Look,
    [thumbnail, whole, small]: &'a [[&'a str; 4]; 3],
) -> heapless::Vec<AlbumArt<'a>, 3> {
    let base = look.base.as_str();
    let art = |profile: &'static str, path: &'a [&'a str; 4]| AlbumArt {
        profile,
        url: Url { base, path },
    };
    let copy = |target, path| {
        let is_there = object.has_small(target) && !look.unmade.has(object, target);
        is_there.then(|| art(small_profile(target), path))
    };
    let last = copy(Target::Small, small);
    let own = object.cover_profile().filter(|profile| {
        // One that cannot be decoded here is not shown elsewhere.
        last.is_some() && !SIZES.map(small_profile).contains(profile)
    });
    let own = own.map(|profile| art(profile, whole));
    let all = [copy(Target::Thumbnail, thumbnail), own, last];
    all.into_iter().flatten().collect()
}

/// The pictures of an item that a device is told of.
fn shown<'a, 'p>(look: &Look, art: &'p [AlbumArt<'a>]) -> &'p [AlbumArt<'a>] {
    match look.treatment.art {
        Art::Both => art,
        Art::Thumbnail => {
            let is_small = |art: &AlbumArt<'_>| art.profile == small_profile(Target::Thumbnail);
            art.split_at(usize::from(art.first().is_some_and(is_small)))
                .0
        }
    }
}

/// The small picture of this size among the pictures of an item.
fn small_of<'a, 'p>(art: &'p [AlbumArt<'a>], target: Target) -> Option<&'p AlbumArt<'a>> {
    art.iter().find(|art| art.profile == small_profile(target))
}

/// Ways to fetch one item at most: the file itself and two names more, or two copies.
type Several<'a> = heapless::Vec<Res<'a>, 4>;

/// A photograph and its smaller copies.
fn with_copies<'a>(
    object: &Object<'_>,
    own: Res<'a>,
    art: &[AlbumArt<'a>],
    copies: Copies,
) -> Several<'a> {
    let mut res = Several::new();
    let own_last = copies == Copies::InFront && object.mime() != Mime::JPEG;
    // All fit: the photograph and one of each size.
    if !own_last {
        let _ = res.push(own);
    }
    let wanted = match copies {
        Copies::Behind | Copies::InFront => SIZES.len(),
        Copies::Thumbnail => 1,
        Copies::None => 0,
    };
    for target in SIZES.into_iter().take(wanted) {
        if let Some(art) = small_of(art, target).filter(|_| object.has_copy(target)) {
            let _ = res.push(Res::new(small_protocol_info(target), art.url));
        }
    }
    if own_last {
        let _ = res.push(own);
    }
    res
}

/// A file under its own name and under others, and the picture of a film, where a device wants that.
fn with_extras<'a>(
    mime: Mime,
    class: Class,
    own: Res<'a>,
    art: &[AlbumArt<'a>],
    treatment: &'static Treatment,
) -> Several<'a> {
    let mut res = Several::new();
    // All fit: no row of the table gives a file more than two names.
    let _ = res.push(own);
    for extra in treatment
        .extra
        .iter()
        .filter(|extra| extra.of.contains(&mime))
    {
        let info = ProtocolInfo {
            mime: extra.mime,
            profile: Some(extra.profile),
            converted: true,
            ..own.protocol_info
        };
        let _ = res.push(Res {
            protocol_info: info,
            ..own
        });
    }
    if treatment.art_as_res
        && class == Class::Video
        && let Some(small) = small_of(art, Target::Small)
    {
        let _ = res.push(Res::new(small_protocol_info(Target::Small), small.url));
    }
    res
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
