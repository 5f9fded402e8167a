//! How many objects of each kind a catalogue lists. Looks at every record: not for the loop.

use super::snapshot::Snapshot;
use crate::media::Class;

/// Numbers of listed objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Songs and the like.
    pub audio: u32,
    /// Films.
    pub video: u32,
    /// Photographs.
    pub image: u32,
    /// Subtitle files.
    pub captions: u32,
    /// Streams that playlists name.
    pub streams: u32,
    /// Directories.
    pub folders: u32,
    /// Playlists.
    pub playlists: u32,
    /// Items whose disk is not there.
    pub offline: u32,
}

impl Snapshot {
    /// Counts what is listed.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for object in (0..self.records()).filter_map(|number| self.object(number)) {
            counts.offline += u32::from(!object.is_container() && object.is_offline());
            let kind = match object.class() {
                _ if object.is_beside() => continue,
                _ if object.is_stream() => &mut counts.streams,
                Some(Class::Audio) => &mut counts.audio,
                Some(Class::Video) => &mut counts.video,
                Some(Class::Image) => &mut counts.image,
                Some(Class::Caption) => &mut counts.captions,
                _ if object.is_playlist() => &mut counts.playlists,
                _ if object.is_folder() => &mut counts.folders,
                _ => continue,
            };
            *kind += 1;
        }
        counts
    }
}
