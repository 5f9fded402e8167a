//! The `res` elements of an item, and their URLs.

use std::time::Duration;

use super::{Caption, escaped, escaped_bytes, write_hours};
use crate::wire::{
    criteria::{Filter, Property},
    protocol_info::{self, ProtocolInfo},
    xml::write::{self, Sink, text_twice},
};

/// One way to fetch an item. Unknown values stay `None`: a wrong one is worse than none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Res<'a> {
    /// `@protocolInfo`
    pub protocol_info: ProtocolInfo<'a>,
    /// `@size`, bytes.
    pub size: Option<u64>,
    /// `@duration`, written to the millisecond.
    pub duration: Option<Duration>,
    /// `@bitrate`, which counts bytes, not bits (ContentDirectory:1 appendix B).
    pub bitrate_bytes_per_sec: Option<u32>,
    /// `@resolution`: width and height, pixels.
    pub resolution: Option<(u32, u32)>,
    /// `@sampleFrequency`, Hz.
    pub sample_frequency: Option<u32>,
    /// `@bitsPerSample`
    pub bits_per_sample: Option<u8>,
    /// `@nrAudioChannels`
    pub nr_audio_channels: Option<u8>,
    /// Where it is.
    pub url: Url<'a>,
}

/// An absolute URL in pieces, so that no one has to join them first. Percent-encoded already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Url<'a> {
    /// `http://` with the address and port at which the control point reached us; no slash at its end.
    pub base: &'a str,
    /// The pieces of the path, the first with its leading slash.
    pub path: &'a [&'a str],
}

impl Url<'_> {
    pub(super) fn write(&self, sink: &mut impl Sink) {
        text_twice(sink, self.base);
        self.path.iter().for_each(|piece| text_twice(sink, piece));
    }
}

impl<'a> Res<'a> {
    /// A res of which only the required is known.
    pub const fn new(protocol_info: ProtocolInfo<'a>, url: Url<'a>) -> Self {
        Self {
            protocol_info,
            size: None,
            duration: None,
            bitrate_bytes_per_sec: None,
            resolution: None,
            sample_frequency: None,
            bits_per_sample: None,
            nr_audio_channels: None,
            url,
        }
    }

    pub(super) fn write(
        &self,
        sink: &mut impl Sink,
        filter: Filter,
        subtitle: Option<&Caption<'_>>,
    ) {
        let has = |property| filter.has(property);
        sink.put(markup!("<res protocolInfo=\""));
        write_protocol_info(sink, &self.protocol_info);
        if let Some(size) = self.size.filter(|_| has(Property::Size)) {
            sink.put(markup!("\" size=\""));
            write::number(sink, size);
        }
        if let Some(duration) = self.duration.filter(|_| has(Property::Duration)) {
            sink.put(markup!("\" duration=\""));
            write_duration(sink, duration);
        }
        if let Some((width, height)) = self.resolution.filter(|_| has(Property::Resolution)) {
            sink.put(markup!("\" resolution=\""));
            write::number(sink, width.into());
            sink.put(b"x");
            write::number(sink, height.into());
        }
        let numbers = [
            (
                Property::Bitrate,
                self.bitrate_bytes_per_sec,
                &markup!("\" bitrate=\"")[..],
            ),
            (
                Property::SampleFrequency,
                self.sample_frequency,
                markup!("\" sampleFrequency=\""),
            ),
            (
                Property::BitsPerSample,
                self.bits_per_sample.map(u32::from),
                markup!("\" bitsPerSample=\""),
            ),
            (
                Property::AudioChannels,
                self.nr_audio_channels.map(u32::from),
                markup!("\" nrAudioChannels=\""),
            ),
        ];
        for (property, value, name) in numbers {
            if let Some(value) = value.filter(|_| has(property)) {
                sink.put(name);
                write::number(sink, value.into());
            }
        }
        if let Some(subtitle) = subtitle {
            sink.put(markup!("\" pv:subtitleFileType=\""));
            text_twice(sink, &subtitle.kind.to_ascii_uppercase());
            sink.put(markup!("\" pv:subtitleFileUri=\""));
            subtitle.url.write(sink);
        }
        sink.put(markup!("\">"));
        self.url.write(sink);
        sink.put(markup!("</res>"));
    }
}

/// The same text as [`ProtocolInfo`]'s `Display`, without the machinery of `fmt` (a test keeps them the same).
fn write_protocol_info(sink: &mut impl Sink, info: &ProtocolInfo<'_>) {
    sink.put(b"http-get:*:");
    text_twice(sink, info.mime);
    if let Some(profile) = info.profile {
        sink.put(b":DLNA.ORG_PN=");
        text_twice(sink, profile);
        sink.put(b";DLNA.ORG_OP=");
    } else {
        sink.put(b":DLNA.ORG_OP=");
    }
    sink.put(info.seek.digits().as_bytes());
    sink.put(b";DLNA.ORG_CI=");
    sink.put(info.converted_digit().as_bytes());
    sink.put(b";DLNA.ORG_FLAGS=");
    sink.put(&hexadecimal(info.flags));
    sink.put(protocol_info::FLAGS_TAIL.as_bytes());
}

/// Eight upper-case digits.
fn hexadecimal(value: u32) -> [u8; 8] {
    let mut digits = [b'0'; 8];
    let mut rest = value;
    for slot in digits.iter_mut().rev() {
        *slot = match u8::try_from(rest & 15) {
            Ok(digit @ 10..) => b'A' - 10 + digit,
            Ok(digit) => b'0' + digit,
            Err(_) => b'0',
        };
        rest >>= 4;
    }
    digits
}

/// Writes `H+:MM:SS.FFF` (ContentDirectory:1 appendix B).
fn write_duration(sink: &mut impl Sink, duration: Duration) {
    write_hours(sink, duration);
    sink.put(b".");
    write::padded(sink, duration.subsec_millis().into(), 3);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::protocol_info::{Seek, flags};

    #[test]
    fn protocol_info_is_the_same_as_its_display() {
        for flags in [0, 1, 0x0123_4567, 0x89AB_CDEF, u32::MAX, flags::STREAMED] {
            for (seek, profile) in [
                (Seek::None, None),
                (Seek::Time, Some("MP3")),
                (Seek::ByteAndTime, Some("\u{e9}")),
            ] {
                let info = ProtocolInfo {
                    seek,
                    profile,
                    flags,
                    converted: flags == 1,
                    ..ProtocolInfo::streamed("audio/mpeg", None)
                };
                let mut bytes = Vec::new();
                write_protocol_info(&mut bytes, &info);
                assert_eq!(String::from_utf8(bytes).unwrap(), info.to_string());
            }
        }
    }

    #[test]
    fn durations_are_written_to_the_millisecond() {
        let text = |duration| {
            let mut bytes = Vec::new();
            write_duration(&mut bytes, duration);
            String::from_utf8(bytes).unwrap()
        };
        assert_eq!(text(Duration::ZERO), "0:00:00.000");
        assert_eq!(text(Duration::from_micros(59_999_999)), "0:00:59.999");
        assert_eq!(text(Duration::from_secs(360_000 + 60)), "100:01:00.000");
        assert_eq!(
            text(Duration::from_secs(u64::MAX)),
            "5124095576030431:00:15.000"
        );
    }
}
