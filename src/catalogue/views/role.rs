//! What the containers of views are: their names in ids, their classes, and every word of theirs that is shown.

use crate::catalogue::object_id::ObjectId;

/// The root of the paths of views: no folder's path begins like this.
const VIEWS: &[u8] = b"view:";

/// What a container of a view stands for. Numbers are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Role {
    /// One of many that only group: a year, a season, an initial.
    Group = 1,
    /// All that its siblings hold, each once.
    AllOf = 2,
    /// A musician.
    Artist = 3,
    /// A record of music.
    Album = 4,
    /// A genre of music.
    Genre = 5,
    /// Pictures of one folder.
    PhotoAlbum = 6,
    /// A playlist, shown again where all playlists are.
    Playlist = 7,
    /// All music, at the root.
    Music = 32,
    /// Tracks by who plays.
    Artists = 33,
    /// Albums by whose they are.
    AlbumArtists = 34,
    /// Tracks by album.
    Albums = 35,
    /// Tracks by genre.
    Genres = 36,
    /// Tracks by composer.
    Composers = 37,
    /// Albums by year.
    MusicYears = 38,
    /// Every track.
    AllTracks = 39,
    /// Playlists with music in them.
    Playlists = 40,
    /// The newest tracks.
    RecentTracks = 41,
    /// All films and series, at the root.
    Video = 64,
    /// What was begun and not ended: without children in a snapshot, and then among nobody's children.
    InProgress = 65,
    /// The newest films and episodes.
    RecentVideos = 66,
    /// Episodes by series and season.
    Series = 67,
    /// What is no episode.
    Films = 68,
    /// Films by year.
    VideoYears = 69,
    /// Every film and episode.
    AllVideos = 70,
    /// All photographs, at the root.
    Pictures = 96,
    /// Photographs by year, month and day.
    Dates = 97,
    /// Photographs by camera.
    Cameras = 98,
    /// Photographs by folder.
    PhotoAlbums = 99,
    /// Every photograph.
    AllPictures = 100,
}

/// One row for each role: its word in ids, never to be changed; its title, if there is one such container; its
/// `upnp:class`.
const ROLES: [(Role, &str, &str, &str); 29] = [
    (Role::Group, "", "", GROUP),
    (Role::AllOf, "", "", GROUP),
    (Role::Artist, "", "", "object.container.person.musicArtist"),
    (Role::Album, "", "", "object.container.album.musicAlbum"),
    (Role::Genre, "", "", "object.container.genre.musicGenre"),
    (
        Role::PhotoAlbum,
        "",
        "",
        "object.container.album.photoAlbum",
    ),
    (Role::Playlist, "", "", "object.container.playlistContainer"),
    (Role::Music, "music", "Music", GROUP),
    (Role::Artists, "music/artists", "Artists", GROUP),
    (
        Role::AlbumArtists,
        "music/album artists",
        "Album artists",
        GROUP,
    ),
    (Role::Albums, "music/albums", "Albums", GROUP),
    (Role::Genres, "music/genres", "Genres", GROUP),
    (Role::Composers, "music/composers", "Composers", GROUP),
    (Role::MusicYears, "music/years", "Years", GROUP),
    (Role::AllTracks, "music/all", texts::ALL_TRACKS, GROUP),
    (Role::Playlists, "music/playlists", "Playlists", GROUP),
    (Role::RecentTracks, "music/recent", "Recently added", GROUP),
    (Role::Video, "video", "Video", GROUP),
    (Role::InProgress, "video/in progress", "In progress", GROUP),
    (Role::RecentVideos, "video/recent", "Recently added", GROUP),
    (Role::Series, "video/series", "Series", GROUP),
    (Role::Films, "video/films", "Films", GROUP),
    (Role::VideoYears, "video/years", "Years", GROUP),
    (Role::AllVideos, "video/all", "All videos", GROUP),
    (Role::Pictures, "pictures", "Pictures", GROUP),
    (Role::Dates, "pictures/dates", "Dates", GROUP),
    (Role::Cameras, "pictures/cameras", "Cameras", GROUP),
    (Role::PhotoAlbums, "pictures/albums", "Albums", GROUP),
    (Role::AllPictures, "pictures/all", "All pictures", GROUP),
];

/// The class of what only groups.
const GROUP: &str = "object.container";

/// What else is shown.
pub(in crate::catalogue) mod texts {
    /// The container of the media folders.
    pub(in crate::catalogue) const FOLDERS: &str = "Folders";
    /// Its word in ids, never to be changed.
    pub(in crate::catalogue) const FOLDERS_WORD: &[u8] = b"folders";
    pub(in crate::catalogue) const ALL_TRACKS: &str = "All tracks";
    pub(in crate::catalogue) const UNKNOWN_ARTIST: &str = "Unknown artist";
    pub(in crate::catalogue) const UNKNOWN_GENRE: &str = "Unknown genre";
    pub(in crate::catalogue) const UNKNOWN_SERIES: &str = "Unknown series";
    pub(in crate::catalogue) const UNKNOWN_DATE: &str = "Unknown date";
    pub(in crate::catalogue) const VARIOUS_ARTISTS: &str = "Various artists";
    pub(in crate::catalogue) const SEASON: &str = "Season";
    pub(in crate::catalogue) const SPECIALS: &str = "Specials";
    /// Initials that are no letters.
    pub(in crate::catalogue) const OTHER_INITIALS: &str = "#";
    /// January first.
    pub(in crate::catalogue) const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
}

impl Role {
    /// The role of this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Some(ROLES.iter().find(|row| row.0 as u8 == number)?.0)
    }

    /// The `upnp:class` of its containers (ContentDirectory:1 §7.3).
    pub fn upnp_class(self) -> &'static str {
        self.row().3
    }

    /// The id of its container, where there is only one: the same in every catalogue.
    pub fn id(self) -> ObjectId {
        id_of(self.row().1.as_bytes())
    }

    /// What its container is called, where there is only one.
    pub fn title(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> (Self, &'static str, &'static str, &'static str) {
        let row = ROLES.iter().find(|row| row.0 == self);
        // A test sees to it that each has one.
        row.copied().unwrap_or(ROLES[0])
    }
}

/// The id of the container that is made once and called `word` in ids.
pub(in crate::catalogue) fn id_of(word: &[u8]) -> ObjectId {
    ObjectId::of(VIEWS, word, 0)
}

/// The id of the container below `parent` that is made for `key`.
pub(super) fn id_below(parent: ObjectId, key: u128) -> ObjectId {
    let mut path = [0; 25];
    // A slash keeps these apart from all words.
    path[0] = b'/';
    path[1..9].copy_from_slice(&parent.value().to_le_bytes());
    path[9..].copy_from_slice(&key.to_le_bytes());
    ObjectId::of(VIEWS, &path, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_its_row_its_number_and_its_id() {
        let mut ids = Vec::new();
        for row in &ROLES {
            assert_eq!(Role::from_number(row.0 as u8), Some(row.0));
            assert_eq!(row.0.row(), *row);
            if !row.1.is_empty() {
                assert!(!row.2.is_empty(), "{:?} has no title", row.0);
                ids.push(row.0.id().value());
            }
        }
        ids.push(id_of(texts::FOLDERS_WORD).value());
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
        assert_eq!(Role::from_number(0), None);
    }

    #[test]
    fn ids_are_those_of_every_release() {
        // Kept by renderers for years: a change of these values loses every favourite.
        let below = id_below(Role::Artists.id(), 7);
        assert_eq!(
            (Role::Music.id().to_string(), below.to_string()),
            ("a4c221540dfa8c27".to_owned(), "5464e2bfe417a4e5".to_owned())
        );
        assert_ne!(below, id_below(Role::Artists.id(), 8));
        assert_ne!(below, id_below(Role::Albums.id(), 7));
    }
}
