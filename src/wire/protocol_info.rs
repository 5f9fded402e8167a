//! The four fields that say how a res is fetched (ConnectionManager:1 §2.5.2), the fourth with the DLNA parameters:
//! written in DIDL-Lite, alone in `contentFeatures.dlna.org`, and as patterns in `GetProtocolInfo`.
//!
//! Only `http-get` is known. Play speeds (`DLNA.ORG_PS`) are never offered and pass unread.

use std::fmt::{self, Display, Formatter, Write as _};

/// The bits of the DLNA flags, the first eight of the 32 digits of `DLNA.ORG_FLAGS` (DLNA Guidelines part 1-1,
/// primary flags).
pub mod flags {
    /// Bit 31: the sender sets the pace.
    pub const SENDER_PACED: u32 = 1 << 31;
    /// Bit 30: time seek inside a limited, moving window only.
    pub const LIMITED_TIME_SEEK: u32 = 1 << 30;
    /// Bit 29: byte seek inside a limited, moving window only.
    pub const LIMITED_BYTE_SEEK: u32 = 1 << 29;
    /// Bit 28: a container that can be played whole.
    pub const PLAY_CONTAINER: u32 = 1 << 28;
    /// Bit 27: the start of the content moves on.
    pub const START_INCREASES: u32 = 1 << 27;
    /// Bit 26: the end of the content moves on: live, or still being written.
    pub const END_INCREASES: u32 = 1 << 26;
    /// Bit 25: can pause over RTSP.
    pub const RTSP_PAUSE: u32 = 1 << 25;
    /// Bit 24: streaming transfer, for audio and video.
    pub const STREAMING: u32 = 1 << 24;
    /// Bit 23: interactive transfer, for images and text.
    pub const INTERACTIVE: u32 = 1 << 23;
    /// Bit 22: background transfer.
    pub const BACKGROUND: u32 = 1 << 22;
    /// Bit 21: the receiver may stop reading and go on later.
    pub const STALLING: u32 = 1 << 21;
    /// Bit 20: DLNA 1.5. Without it a receiver ignores all the others.
    pub const VERSION_1_5: u32 = 1 << 20;
    /// Bit 16: the content is link-protected.
    pub const LINK_PROTECTED: u32 = 1 << 16;

    /// What an audio or video file that is complete has: `01700000`.
    pub const STREAMED: u32 = STREAMING | BACKGROUND | STALLING | VERSION_1_5;
    /// What a stream has whose end nobody knows: `01100000`.
    pub const BROADCAST: u32 = STREAMING | VERSION_1_5;
    /// What an image has: `00F00000`.
    pub const IMAGE: u32 = INTERACTIVE | BACKGROUND | STALLING | VERSION_1_5;
}

/// How a receiver may ask for a part: the two digits of `DLNA.ORG_OP`, time first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Seek {
    /// `00`: not at all.
    None,
    /// `01`: by `Range`.
    #[default]
    Byte,
    /// `10`: by `TimeSeekRange.dlna.org`.
    Time,
    /// `11`: by both.
    ByteAndTime,
}

impl Seek {
    /// The two digits.
    pub const fn digits(self) -> &'static str {
        match self {
            Self::None => "00",
            Self::Byte => "01",
            Self::Time => "10",
            Self::ByteAndTime => "11",
        }
    }

    fn parse(digits: &str) -> Option<Self> {
        let all = [Self::None, Self::Byte, Self::Time, Self::ByteAndTime];
        all.into_iter().find(|seek| seek.digits() == digits)
    }
}

/// How one res can be fetched and what it promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProtocolInfo<'a> {
    /// The media type, such as `video/mp4`.
    pub mime: &'a str,
    /// The DLNA profile, such as `AVC_MP4_BL_CIF15_AAC_520`; `None` unless the rules clearly say.
    pub profile: Option<&'a str>,
    /// How a part can be asked for.
    pub seek: Seek,
    /// Whether this is a conversion of the original (`DLNA.ORG_CI=1`).
    pub converted: bool,
    /// The DLNA flags, by the bits in [`flags`].
    pub flags: u32,
}

/// Why a text is no protocolInfo of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Not four fields, or the third is empty.
    Malformed,
    /// The first field is not `http-get`.
    OtherProtocol,
    /// A DLNA parameter has a value that it cannot have.
    Parameter,
}

impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not four fields with a media type",
            Self::OtherProtocol => "a protocol other than http-get",
            Self::Parameter => "an impossible DLNA parameter",
        })
    }
}

impl std::error::Error for Error {}

/// The digits after the first eight, reserved and always zero.
pub(super) const FLAGS_TAIL: &str = "000000000000000000000000";

impl<'a> ProtocolInfo<'a> {
    /// An audio or video file as it lies on the disk.
    pub const fn streamed(mime: &'a str, profile: Option<&'a str>) -> Self {
        Self {
            mime,
            profile,
            seek: Seek::Byte,
            converted: false,
            flags: flags::STREAMED,
        }
    }

    /// A stream that somebody else sends, and of which nothing but its address is known.
    pub const fn broadcast(mime: &'a str) -> Self {
        Self {
            seek: Seek::None,
            flags: flags::BROADCAST,
            ..Self::streamed(mime, None)
        }
    }

    /// An image as it lies on the disk.
    pub const fn image(mime: &'a str, profile: Option<&'a str>) -> Self {
        Self {
            flags: flags::IMAGE,
            ..Self::streamed(mime, profile)
        }
    }

    /// The fourth field alone, for `contentFeatures.dlna.org`.
    pub const fn features(self) -> Features<'a> {
        Features(self)
    }

    /// What `GetProtocolInfo` says of such a res: media type and profile, and nothing that differs from file to file
    /// (ConnectionManager:1 §2.5.2).
    pub const fn pattern(self) -> Pattern<'a> {
        Pattern(self)
    }

    /// Reads what [`Display`] writes, and what other servers write; unknown parameters pass.
    ///
    /// # Errors
    /// Every [`Error`].
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        let mut fields = text.splitn(4, ':');
        let mut field = || fields.next().map(str::trim).ok_or(Error::Malformed);
        let (protocol, _network, mime, features) = (field()?, field()?, field()?, field()?);
        if !protocol.eq_ignore_ascii_case("http-get") {
            return Err(Error::OtherProtocol);
        }
        if mime.is_empty() {
            return Err(Error::Malformed);
        }
        let mut info = Self {
            mime,
            profile: None,
            seek: Seek::None,
            converted: false,
            flags: 0,
        };
        for parameter in features.split(';') {
            // `*` and an empty field say nothing.
            if let Some((name, value)) = parameter.split_once('=') {
                info.parameter(name.trim(), value.trim())?;
            }
        }
        Ok(info)
    }

    fn parameter(&mut self, name: &str, value: &'a str) -> Result<(), Error> {
        match name {
            "DLNA.ORG_PN" => self.profile = Some(value).filter(|value| !value.is_empty()),
            "DLNA.ORG_OP" => self.seek = Seek::parse(value).ok_or(Error::Parameter)?,
            "DLNA.ORG_CI" if matches!(value, "0" | "1") => self.converted = value == "1",
            "DLNA.ORG_CI" => return Err(Error::Parameter),
            "DLNA.ORG_FLAGS" => self.flags = parse_flags(value).ok_or(Error::Parameter)?,
            _ => {}
        }
        Ok(())
    }

    /// `DLNA.ORG_CI` as it is written.
    pub(super) const fn converted_digit(&self) -> &'static str {
        if self.converted { "1" } else { "0" }
    }
}

fn parse_flags(digits: &str) -> Option<u32> {
    let whole = digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let primary = digits.get(..8).filter(|_| whole)?;
    u32::from_str_radix(primary, 16).ok()
}

impl Display for ProtocolInfo<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "http-get:*:{}:{}", self.mime, self.features())
    }
}

/// Writes the fourth field, PN first (DLNA Guidelines part 1-1: the order is fixed).
#[derive(Clone, Copy, Debug)]
pub struct Features<'a>(ProtocolInfo<'a>);

impl Display for Features<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(info) = self;
        if let Some(profile) = info.profile {
            write!(f, "DLNA.ORG_PN={profile};")?;
        }
        let (seek, converted) = (info.seek.digits(), info.converted_digit());
        write!(
            f,
            "DLNA.ORG_OP={seek};DLNA.ORG_CI={converted};DLNA.ORG_FLAGS={:08X}{FLAGS_TAIL}",
            info.flags
        )
    }
}

/// Writes an entry of `GetProtocolInfo`.
#[derive(Clone, Copy, Debug)]
pub struct Pattern<'a>(ProtocolInfo<'a>);

impl Display for Pattern<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "http-get:*:{}:", self.0.mime)?;
        match self.0.profile {
            Some(profile) => write!(f, "DLNA.ORG_PN={profile}"),
            None => f.write_char('*'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_files_have_the_usual_text() {
        let video = ProtocolInfo::streamed("video/mp4", Some("AVC_MP4_BL_CIF15_AAC_520"));
        assert_eq!(
            video.to_string(),
            "http-get:*:video/mp4:DLNA.ORG_PN=AVC_MP4_BL_CIF15_AAC_520;DLNA.ORG_OP=01;DLNA.ORG_CI=0;\
             DLNA.ORG_FLAGS=01700000000000000000000000000000"
        );
        let image = ProtocolInfo::image("image/png", None);
        assert_eq!(
            image.to_string(),
            "http-get:*:image/png:DLNA.ORG_OP=01;DLNA.ORG_CI=0;DLNA.ORG_FLAGS=00F00000000000000000000000000000"
        );
        assert_eq!(
            image.features().to_string(),
            "DLNA.ORG_OP=01;DLNA.ORG_CI=0;DLNA.ORG_FLAGS=00F00000000000000000000000000000"
        );
        assert_eq!(
            video.pattern().to_string(),
            "http-get:*:video/mp4:DLNA.ORG_PN=AVC_MP4_BL_CIF15_AAC_520"
        );
        assert_eq!(image.pattern().to_string(), "http-get:*:image/png:*");
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut info = ProtocolInfo::streamed("audio/L16;rate=44100;channels=2", Some("LPCM"));
        for seek in [Seek::None, Seek::Byte, Seek::Time, Seek::ByteAndTime] {
            for flags in [0, u32::MAX, flags::SENDER_PACED | flags::LINK_PROTECTED] {
                for profile in [None, Some("MP3")] {
                    info = ProtocolInfo {
                        profile,
                        seek,
                        converted: !info.converted,
                        flags,
                        ..info
                    };
                    assert_eq!(ProtocolInfo::parse(&info.to_string()), Ok(info));
                }
            }
        }
    }

    #[test]
    fn other_servers_are_understood() {
        let bare = ProtocolInfo {
            seek: Seek::None,
            flags: 0,
            ..ProtocolInfo::streamed("audio/mpeg", None)
        };
        for text in [
            "http-get:*:audio/mpeg:*",
            "http-get:*:audio/mpeg:",
            "http-get:*:audio/mpeg:DLNA.ORG_PS=-1,2;X=Y",
        ] {
            assert_eq!(ProtocolInfo::parse(text), Ok(bare), "{text}");
        }
        let named = ProtocolInfo {
            profile: Some("MP3"),
            ..bare
        };
        assert_eq!(
            ProtocolInfo::parse("http-get:*:audio/mpeg:DLNA.ORG_PN=MP3"),
            Ok(named)
        );
    }

    #[test]
    fn bad_texts_are_refused() {
        let cases = [
            ("", Error::Malformed),
            ("http-get:*:audio/mpeg", Error::Malformed),
            ("http-get:*::*", Error::Malformed),
            ("rtsp-rtp-udp:*:audio/mpeg:*", Error::OtherProtocol),
            ("http-get:*:a/b:DLNA.ORG_OP=1", Error::Parameter),
            ("http-get:*:a/b:DLNA.ORG_CI=2", Error::Parameter),
            ("http-get:*:a/b:DLNA.ORG_FLAGS=0170000", Error::Parameter),
            (
                "http-get:*:a/b:DLNA.ORG_FLAGS=+1700000000000000000000000000000",
                Error::Parameter,
            ),
            (
                "http-get:*:a/b:DLNA.ORG_FLAGS=0170000é00000000000000000000000",
                Error::Parameter,
            ),
        ];
        for (text, wanted) in cases {
            assert_eq!(ProtocolInfo::parse(text), Err(wanted), "{text}");
        }
        let whole = ProtocolInfo::streamed("a/b", Some("X")).to_string();
        for end in 0..whole.len() {
            let _ = ProtocolInfo::parse(&whole[..end]);
        }
    }
}
