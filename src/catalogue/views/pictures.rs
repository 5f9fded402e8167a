//! Pictures: by date, camera and folder, and all of them.

use super::{
    calendar,
    grow::{Face, Ground, LOOSE, Level, Plan, Row, UNKNOWN, UNKNOWN_KEY, year_face},
    is_told, items,
    names::Names,
    newest_first, property,
    role::{Role, texts},
};
use crate::{
    catalogue::{
        builder::{Builder, Full, Text},
        record::{Record, Tag},
    },
    media::{Class, Date, Precision},
};

struct Photo {
    item: u32,
    /// Year, month, day: their places in the calendar; [`LOOSE`] what is not stated.
    day: [u32; 3],
    /// Seconds since 1970, so that they sort as two numbers.
    moment: [u32; 2],
    camera: u32,
    album: u32,
}

impl Photo {
    fn row(&self, keys: [u32; 3], place: [u32; 3]) -> Row {
        let item = self.item;
        Row { keys, place, item }
    }
}

/// Makes the container of all photographs; `None` if there are none.
pub(super) fn add(ground: &mut Ground<'_>) -> Result<Option<u32>, Full> {
    let (mut cameras, mut albums) = (Names::default(), Names::default());
    let mut photos = gather(ground.builder, &mut cameras, &mut albums);
    if photos.is_empty() {
        return Ok(None);
    }
    let camera_places = cameras.settle(ground.builder, |_| 0);
    let album_places = albums.settle(ground.builder, |_| 0);
    for photo in &mut photos {
        let place = |places: &[u32], old: u32| places.get(old as usize).copied().unwrap_or(LOOSE);
        photo.camera = place(&camera_places, photo.camera);
        photo.album = place(&album_places, photo.album);
    }
    let top = ground.fixed(0, Role::Pictures)?;
    let mut children = Vec::new();
    children.extend(by_date(ground, top, &photos)?);

    let keys = |photo: &Photo| [photo.camera, LOOSE, LOOSE];
    let row = |photo: &Photo| photo.row(keys(photo), [photo.moment[0], photo.moment[1], 0]);
    let has_camera = |photo: &&Photo| photo.camera != LOOSE;
    let rows = photos.iter().filter(has_camera).map(row).collect();
    children.extend(by_name(
        ground,
        top,
        rows,
        (Role::Cameras, Role::Group),
        &cameras,
    )?);

    let row = |photo: &Photo| photo.row([photo.album, LOOSE, LOOSE], [0; 3]);
    let rows = photos.iter().map(row).collect();
    let roles = (Role::PhotoAlbums, Role::PhotoAlbum);
    children.extend(by_name(ground, top, rows, roles, &albums)?);

    let row = |photo: &Photo| {
        let [high, low] = photo.moment;
        let (dateless, moment) = match photo.day[0] {
            UNKNOWN => (1, [0, 0]),
            _ => (0, [u32::MAX - high, u32::MAX - low]),
        };
        photo.row([LOOSE; 3], [dateless, moment[0], moment[1]])
    };
    let mut rows: Vec<Row> = photos.iter().map(row).collect();
    let plan = Plan {
        role: Role::AllPictures,
        levels: &[],
        is_by_title: false,
    };
    if let Some(all) = ground.view(top, &mut rows, &plan)? {
        children.push(all);
        ground.set_below_as(top, all);
    }
    ground.set_children(top, &children)?;
    Ok(Some(top))
}

fn gather(builder: &Builder, cameras: &mut Names, albums: &mut Names) -> Vec<Photo> {
    let photo = |(item, record): (u32, &Record)| {
        let date = record.date();
        let seconds = date.map_or(0, |date| date.unix_secs);
        // The sign's bit turned over: then the order of the bits is that of the numbers.
        let bits = (seconds ^ i64::MIN).cast_unsigned();
        let half = |bits: u64| u32::try_from(bits & u64::from(u32::MAX)).unwrap_or(0);
        let folder = record.parent.get();
        let folder_id = builder
            .records
            .get(folder as usize)
            .map_or(0, |f| f.id.get());
        Photo {
            item,
            day: day_of(date),
            moment: [half(bits >> 32), half(bits)],
            camera: match property(builder, record, Tag::Camera) {
                Some(text) => cameras.note(builder, text),
                None => LOOSE,
            },
            album: albums.note_as(builder, folder_title(builder, folder), folder_id.into()),
        }
    };
    items(builder, Class::Image).map(photo).collect()
}

fn day_of(date: Option<Date>) -> [u32; 3] {
    let Some((at, precision)) = date.and_then(|date| Some((calendar(date)?, date.precision)))
    else {
        return [UNKNOWN, LOOSE, LOOSE];
    };
    let year = newest_first(u32::try_from(at.year()).unwrap_or(0));
    let year_and_month =
        u32::try_from(at.year()).unwrap_or(0) * 100 + u32::from(u8::from(at.month()));
    let day = year_and_month * 100 + u32::from(at.day());
    match precision {
        Precision::Year => [year, LOOSE, LOOSE],
        Precision::Month => [year, year_and_month, LOOSE],
        Precision::Day | Precision::Second => [year, year_and_month, day],
    }
}

/// A folder's title; of a media folder itself, which may be called otherwise, the last name of its path.
fn folder_title(builder: &Builder, folder: u32) -> Text {
    let Some(record) = builder.records.get(folder as usize) else {
        return (0, 0);
    };
    let root = builder.roots.get(usize::from(record.root.get()));
    let Some(root) = root.filter(|root| root.record.get() == folder) else {
        return (record.title_at.get(), record.title_len.get());
    };
    let (at, len) = (root.path_at.get(), root.path_len.get());
    let path = builder.at((at, len));
    let name = path.iter().rposition(|b| *b == b'/').map_or(0, |n| n + 1);
    if str::from_utf8(&path[name..]).is_err() || name == path.len() {
        return (record.title_at.get(), record.title_len.get());
    }
    let name = u16::try_from(name).unwrap_or(0);
    (at + u32::from(name), len - name)
}

fn by_date(ground: &mut Ground<'_>, top: u32, photos: &[Photo]) -> Result<Option<u32>, Full> {
    let row = |photo: &Photo| photo.row(photo.day, [photo.moment[0], photo.moment[1], 0]);
    let mut rows: Vec<Row> = photos.iter().map(row).collect();
    if !is_told(&rows) {
        return Ok(None);
    }
    let level = |face| Level {
        face,
        is_by_title: false,
        all: None,
    };
    let year = |builder: &mut Builder, key| {
        if key != UNKNOWN {
            return year_face(builder, key);
        }
        let title = builder.text(texts::UNKNOWN_DATE.as_bytes())?;
        Ok(Face::new(title, UNKNOWN_KEY, Role::Group))
    };
    let levels = [level(&year), level(&month_face), level(&day_face)];
    let plan = Plan {
        role: Role::Dates,
        levels: &levels,
        is_by_title: false,
    };
    ground.view(top, &mut rows, &plan)
}

/// `2009-05 May`: in order also for those who sort by title.
fn month_face(builder: &mut Builder, key: u32) -> Result<Face, Full> {
    let (year, month) = (key / 100, key % 100);
    let name = texts::MONTHS.get(month as usize - 1).unwrap_or(&"");
    let title = format!("{year:04}-{month:02} {name}");
    let title = builder.text(title.as_bytes())?;
    Ok(Face::new(title, key.into(), Role::Group))
}

/// `2009-05-17`
fn day_face(builder: &mut Builder, key: u32) -> Result<Face, Full> {
    let (year, month, day) = (key / 10_000, key / 100 % 100, key % 100);
    let title = format!("{year:04}-{month:02}-{day:02}");
    let title = builder.text(title.as_bytes())?;
    Ok(Face::new(title, key.into(), Role::Group))
}

/// One level of containers by name.
fn by_name(
    ground: &mut Ground<'_>,
    top: u32,
    mut rows: Vec<Row>,
    (view, each): (Role, Role),
    names: &Names,
) -> Result<Option<u32>, Full> {
    let face = |_: &mut Builder, key| {
        let name = names.at(key);
        Ok(Face::new(name.text, name.key, each))
    };
    let levels = [Level {
        face: &face,
        is_by_title: true,
        all: None,
    }];
    let plan = Plan {
        role: view,
        levels: &levels,
        is_by_title: false,
    };
    ground.view(top, &mut rows, &plan)
}
