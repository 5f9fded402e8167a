//! Video: series and films, films by year, all of it, and the newest.

use super::{
    RECENT,
    grow::{Face, Ground, LOOSE, Level, Plan, Row, UNKNOWN, UNKNOWN_KEY, year_face},
    items,
    names::Names,
    newest_first, property,
    role::{Role, texts},
    told, year,
};
use crate::{
    catalogue::{
        builder::{Builder, Full},
        record::{Record, Tag, flag},
    },
    media::Class,
};

/// The place of the specials, which are season 0: behind all seasons.
const SPECIALS: u32 = 1 << 16;

struct Film {
    item: u32,
    rank: u32,
    added: u32,
    /// Place of the series' name; [`LOOSE`] if it has none.
    series: u32,
    season: Option<u16>,
    episode: Option<u16>,
    year: Option<u32>,
}

impl Film {
    fn is_episode(&self) -> bool {
        self.series != LOOSE || self.season.is_some() || self.episode.is_some()
    }

    fn row(&self, keys: [u32; 3], place: [u32; 3]) -> Row {
        let item = self.item;
        Row { keys, place, item }
    }
}

/// Makes the container of all films and series; `None` if there are none.
pub(super) fn add(ground: &mut Ground<'_>) -> Result<Option<u32>, Full> {
    let mut series = Names::default();
    let mut films = gather(ground.builder, &mut series);
    if films.is_empty() {
        return Ok(None);
    }
    let places = series.settle(ground.builder, |_| 0);
    for film in &mut films {
        film.series = places.get(film.series as usize).copied().unwrap_or(LOOSE);
    }
    let top = ground.fixed(0, Role::Video)?;
    let in_progress = ground.fixed(top, Role::InProgress)?;
    ground.builder.records[in_progress as usize].set(flag::BESIDE, true);
    let flat = |role, is_by_title| Plan {
        role,
        levels: &[],
        is_by_title,
    };
    let mut children = Vec::new();

    let newest = |film: &Film| film.row([LOOSE; 3], [u32::MAX - film.added, film.rank, 0]);
    let mut rows: Vec<Row> = films.iter().map(newest).collect();
    rows.sort_unstable();
    rows.truncate(RECENT);
    children.extend(ground.view(top, &mut rows, &flat(Role::RecentVideos, false))?);

    children.extend(by_series(ground, top, &films, &series)?);

    let titled = |film: &Film| film.row([LOOSE; 3], [film.rank, 0, 0]);
    let is_film = |film: &&Film| !film.is_episode();
    let mut rows: Vec<Row> = films.iter().filter(is_film).map(titled).collect();
    children.extend(ground.view(top, &mut rows, &flat(Role::Films, true))?);

    let dated = |film: &Film| {
        let keys = [newest_first(film.year?), LOOSE, LOOSE];
        Some(film.row(keys, [film.rank, 0, 0]))
    };
    let mut rows: Vec<Row> = films.iter().filter(is_film).filter_map(dated).collect();
    let years = Plan {
        levels: &[Level {
            face: &year_face,
            is_by_title: false,
            all: None,
        }],
        ..flat(Role::VideoYears, true)
    };
    children.extend(ground.view(top, &mut rows, &years)?);

    let mut rows: Vec<Row> = films.iter().map(titled).collect();
    if let Some(all) = ground.view(top, &mut rows, &flat(Role::AllVideos, true))? {
        children.push(all);
        ground.set_below_as(top, all);
    }
    ground.set_children(top, &children)?;
    Ok(Some(top))
}

fn gather(builder: &Builder, series: &mut Names) -> Vec<Film> {
    let film = |(item, record): (u32, &Record)| Film {
        item,
        rank: record.title_rank.get(),
        added: record.added.get(),
        series: match property(builder, record, Tag::Series) {
            Some(text) => series.note(builder, text),
            None => LOOSE,
        },
        season: told(builder, record, |r| r.season.get().checked_sub(1)),
        episode: told(builder, record, |r| r.episode.get().checked_sub(1)),
        year: told(builder, record, Record::date).and_then(year),
    };
    items(builder, Class::Video).map(film).collect()
}

fn by_series(
    ground: &mut Ground<'_>,
    top: u32,
    films: &[Film],
    series: &Names,
) -> Result<Option<u32>, Full> {
    let row = |film: &Film| {
        let series = if film.series == LOOSE {
            UNKNOWN
        } else {
            film.series
        };
        let season = match film.season {
            Some(0) => SPECIALS,
            Some(season) => season.into(),
            None => LOOSE,
        };
        let episode = film.episode.map_or(u32::MAX, u32::from);
        film.row([series, season, LOOSE], [episode, film.rank, 0])
    };
    let mut rows: Vec<Row> = films
        .iter()
        .filter(|film| film.is_episode())
        .map(row)
        .collect();
    let name = |builder: &mut Builder, key| {
        if key == UNKNOWN {
            let title = builder.text(texts::UNKNOWN_SERIES.as_bytes())?;
            return Ok(Face::new(title, UNKNOWN_KEY, Role::Group));
        }
        let name = series.at(key);
        Ok(Face::new(name.text, name.key, Role::Group))
    };
    let levels = [
        Level {
            face: &name,
            is_by_title: true,
            all: None,
        },
        Level {
            face: &season_face,
            is_by_title: false,
            all: None,
        },
    ];
    let plan = Plan {
        role: Role::Series,
        levels: &levels,
        is_by_title: false,
    };
    ground.view(top, &mut rows, &plan)
}

fn season_face(builder: &mut Builder, key: u32) -> Result<Face, Full> {
    let title = if key == SPECIALS {
        builder.text(texts::SPECIALS.as_bytes())?
    } else {
        builder.text(format!("{} {key}", texts::SEASON).as_bytes())?
    };
    Ok(Face::new(title, key.into(), Role::Group))
}
