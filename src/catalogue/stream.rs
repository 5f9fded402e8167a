//! Entries of playlists, and the items that are made of those on the Internet: at home in their playlist, without a
//! file.

use std::{collections::HashMap, sync::Arc};

use zerocopy::little_endian::U32;

use super::{
    builder::{Builder, Full},
    object_id::ObjectId,
    record::{self, Record, flag},
};
use crate::media::{Class, stream};

/// Where an entry of a playlist leads.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    /// To what lies at a path: the id that this path has by itself.
    Path(ObjectId),
    /// To the Internet.
    Stream(Arc<Stream>),
}

/// What a playlist says of a stream.
#[derive(Debug)]
pub(super) struct Stream {
    /// As [`stream::address`] makes it.
    url: Box<str>,
    title: Box<str>,
    class: Class,
    mime: u8,
}

impl Stream {
    /// `None`: that is no address.
    pub(super) fn new(stated: &str, title: Option<&str>, is_radio: bool) -> Option<Self> {
        let url = stream::address(stated)?;
        let (class, mime) = stream::kind(&url, is_radio);
        let title = title.map(|title| record::clip(title.trim()));
        let title = match title.filter(|title| record::is_visible(title)) {
            Some(title) => title.into(),
            None => record::clip(&stream::title(&url)).into(),
        };
        Some(Self {
            url: url.into(),
            title,
            class,
            mime: mime.code(),
        })
    }

    pub(super) fn class(&self) -> Class {
        self.class
    }
}

/// How often each address stands in one playlist.
#[derive(Default)]
pub(super) struct Times<'s>(HashMap<&'s str, u32>);

impl Builder {
    /// Adds the item of `stream`, an entry of the playlist in record `parent`. Its id is made of the playlist's, of the
    /// address and of how often that was there before.
    pub(super) fn stream<'s>(
        &mut self,
        parent: u32,
        stream: &'s Stream,
        times: &mut Times<'s>,
    ) -> Result<U32, Full> {
        let playlist = self.records[parent as usize];
        let before = times.0.entry(&stream.url).or_default();
        let id = ObjectId::of(
            &playlist.id.get().to_be_bytes(),
            stream.url.as_bytes(),
            *before,
        );
        *before += 1;
        let (name_at, name_len) = self.text(stream.url.as_bytes())?;
        let (title_at, title_len) = self.text(stream.title.as_bytes())?;
        let mut record = Record {
            id: id.value().into(),
            parent: parent.into(),
            root: playlist.root,
            kind: stream.class as u8,
            mime: stream.mime,
            name_at: name_at.into(),
            name_len: name_len.into(),
            title_at: title_at.into(),
            title_len: title_len.into(),
            ..Record::default()
        };
        record.set(flag::STREAM, true);
        Ok(self.push(record)?.into())
    }
}
