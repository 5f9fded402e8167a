//! `stsd`: how a track is coded (ISO/IEC 14496-12 §8.5.2, §12.1.3, §12.2.3; QuickTime File Format, "Sound Sample
//! Description" versions 0 to 2). Only the first description counts: files with several differ in details alone.

use super::boxes::{FourCc, each_box, next_box, version_flags};
use super::esds::{self, Described};
use crate::media::Media;
use crate::media::codec::aac::AudioConfig;
use crate::media::codec::{AudioCodec, Video, VideoCodec, ac3, h264, hevc};
use crate::media::container::flac;
use crate::media::reader::{Error, Reader};
use crate::media::tag::put;

/// Bytes of a coding's configuration that are looked at.
const CONFIGURATION_BYTES: usize = 512;

/// The first sample description of a track; 0 and `None` are "not told".
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct SampleEntry {
    /// `avc1`, `mp4a` ...
    pub(super) coding: FourCc,
    /// Pixels, before any rotation.
    pub(super) width: u32,
    /// Pixels, before any rotation.
    pub(super) height: u32,
    /// Hz.
    pub(super) sample_rate: Option<u32>,
    /// Channels.
    pub(super) channels: Option<u8>,
    /// Bits per sample, of lossless codings only.
    pub(super) bits_per_sample: Option<u8>,
    /// AAC's own description.
    pub(super) aac: Option<AudioConfig>,
    /// The coding of sound, if it is known.
    pub(super) audio_codec: Option<AudioCodec>,
    /// What the coding of pictures says of itself; the size above is the one that counts.
    pub(super) video: Video,
}

/// Reads the payload of `stsd` of a track with this handler.
pub(super) fn read(
    r: &mut Reader<'_>,
    handler: FourCc,
    entry: &mut SampleEntry,
) -> Result<(), Error> {
    let (version, _) = version_flags(r)?;
    r.skip(4)?; // entry count: the first is all we want
    let Some((coding, mut body)) = next_box(r)? else {
        return Err(Error::Truncated);
    };
    entry.coding = coding;
    match &handler {
        b"vide" => visual(&mut body, entry),
        b"soun" => sound(&mut body, version, entry),
        _ => Ok(()),
    }
}

/// 24 bytes of things reserved and predefined, width, height.
fn visual(r: &mut Reader<'_>, entry: &mut SampleEntry) -> Result<(), Error> {
    r.skip(24)?;
    entry.width = u32::from(r.be_u16()?);
    entry.height = u32::from(r.be_u16()?);
    entry.video.codec = VideoCodec::from_fourcc(entry.coding);
    // Behind: resolution, frames per sample, name, depth; then boxes.
    if r.skip(50).is_err() {
        return Ok(());
    }
    each_box(r, |kind, body| {
        let mut bytes = [0; CONFIGURATION_BYTES];
        let told = match &kind {
            b"avcC" => h264::avcc(body.read_some(&mut bytes)?),
            b"hvcC" => hevc::hvcc(body.read_some(&mut bytes)?),
            b"esds" => match esds::read(body)? {
                Some(Described::Video(video)) => Some(video),
                _ => None,
            },
            // What an encrypted track is coded in (§8.12.1).
            b"sinf" => return original_format(body, entry),
            _ => None,
        };
        if let Some(told) = told {
            entry.video.refine(&told);
        }
        Ok(())
    })
}

fn original_format(r: &mut Reader<'_>, entry: &mut SampleEntry) -> Result<(), Error> {
    each_box(r, |kind, body| {
        if &kind == b"frma" {
            let coding = body.array()?;
            put(&mut entry.video.codec, VideoCodec::from_fourcc(coding));
            put(&mut entry.audio_codec, audio_codec(coding));
        }
        Ok(())
    })
}

fn audio_codec(coding: FourCc) -> Option<AudioCodec> {
    Some(match &coding {
        b"ac-3" => AudioCodec::Ac3,
        b"ec-3" => AudioCodec::Eac3,
        b"ac-4" => AudioCodec::Ac4,
        b"alac" => AudioCodec::Alac,
        b"fLaC" => AudioCodec::Flac,
        b"Opus" => AudioCodec::Opus,
        b"samr" => AudioCodec::AmrNb,
        b"sawb" => AudioCodec::AmrWb,
        b".mp3" => AudioCodec::Mp3,
        b".mp2" => AudioCodec::Mp2,
        b"dtsc" => AudioCodec::Dts,
        b"dtse" | b"dtsh" | b"dtsl" | b"dtsx" => AudioCodec::DtsHd,
        b"mlpa" => AudioCodec::TrueHd,
        b"mha1" | b"mha2" | b"mhm1" | b"mhm2" => AudioCodec::MpegH,
        b"sowt" | b"twos" | b"lpcm" | b"ipcm" | b"fpcm" | b"in24" | b"in32" | b"raw " | b"fl32"
        | b"fl64" => AudioCodec::Lpcm,
        b"ulaw" | b"alaw" => AudioCodec::G711,
        b"ima4" => AudioCodec::Adpcm,
        _ => return None,
    })
}

/// ```text
/// 0          8        10         16        18      20         24
/// | reserved | version| reserved | channels| bits  | reserved | rate 16.16 |
/// QuickTime version 1: 16 more bytes; version 2: 36 more, with rate (f64) and channels (u32) at 4 and 12 of them
/// ```
fn sound(r: &mut Reader<'_>, stsd_version: u8, entry: &mut SampleEntry) -> Result<(), Error> {
    r.skip(8)?;
    let version = r.be_u16()?;
    r.skip(6)?;
    let channels = r.be_u16()?;
    let bits = r.be_u16()?;
    r.skip(4)?;
    let rate = r.be_u32()? >> 16;
    entry.channels = u8::try_from(channels).ok().filter(|c| *c > 0);
    entry.sample_rate = (rate > 0).then_some(rate);
    entry.bits_per_sample = linear_bits(entry.coding, bits);
    match (stsd_version, version) {
        // In a version 1 `stsd`, version 1 is ISO's own AudioSampleEntryV1, which has no such tail.
        (0, 1) => r.skip(16)?,
        (0, 2) => sound_v2(r, entry)?,
        _ => {}
    }
    refine_by_name(entry);
    entry.audio_codec = audio_codec(entry.coding);
    each_box(r, |kind, body| inner(kind, body, entry))
}

fn sound_v2(r: &mut Reader<'_>, entry: &mut SampleEntry) -> Result<(), Error> {
    r.skip(4)?;
    let rate = f64::from_be_bytes(r.array()?);
    entry.sample_rate = whole_hertz(rate);
    entry.channels = u8::try_from(r.be_u32()?).ok().filter(|c| *c > 0);
    r.skip(4)?;
    let bits = u16::try_from(r.be_u32()?).unwrap_or(0);
    entry.bits_per_sample = linear_bits(entry.coding, bits);
    r.skip(12)
}

/// A rate stored as a floating-point number, if it is one that sound can have.
fn whole_hertz(rate: f64) -> Option<u32> {
    const HIGHEST: f64 = 10_000_000.0;
    if !(1.0..=HIGHEST).contains(&rate) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked above"
    )]
    let whole = rate.round() as u32;
    Some(whole)
}

/// Of a coding with a depth in its name the field is a filler, mostly 16.
fn linear_bits(coding: FourCc, bits: u16) -> Option<u8> {
    match &coding {
        b"in24" => return Some(24),
        b"in32" => return Some(32),
        _ => {}
    }
    let lossless = matches!(
        &coding,
        b"alac" | b"fLaC" | b"sowt" | b"twos" | b"lpcm" | b"ipcm" | b"raw "
    );
    u8::try_from(bits).ok().filter(|b| lossless && *b > 0)
}

/// Codings whose entry often holds a filler instead of their one rate.
fn refine_by_name(entry: &mut SampleEntry) {
    match &entry.coding {
        b"samr" => (entry.sample_rate, entry.channels) = (Some(8_000), Some(1)),
        b"sawb" => (entry.sample_rate, entry.channels) = (Some(16_000), Some(1)),
        // Opus decodes at 48 kHz whatever the input was (RFC 7845 §5.1).
        b"Opus" => entry.sample_rate = Some(48_000),
        _ => {}
    }
}

fn inner(kind: FourCc, r: &mut Reader<'_>, entry: &mut SampleEntry) -> Result<(), Error> {
    match &kind {
        b"esds" => decoder(r, entry),
        // QuickTime wraps it once more.
        b"wave" => each_box(r, |kind, body| match &kind {
            b"esds" => decoder(body, entry),
            _ => Ok(()),
        }),
        // Behind "alac" comes a full box of the same name; in QuickTime's `wave` too, which says nothing new.
        b"alac" => alac(r, entry),
        b"dac3" | b"dec3" => {
            let mut bytes = [0; 8];
            let bytes = r.read_some(&mut bytes)?;
            let told = if &kind == b"dac3" {
                ac3::dac3(bytes)
            } else {
                ac3::dec3(bytes)
            };
            // The entry itself may say two channels whatever there are (ETSI TS 102 366 annex F).
            if let Some(told) = told {
                entry.sample_rate = told.sample_rate.or(entry.sample_rate);
                entry.channels = told.channels.or(entry.channels);
            }
            Ok(())
        }
        b"dfLa" => flac_info(r, entry),
        b"sinf" => original_format(r, entry),
        _ => Ok(()),
    }
}

/// FLAC's own description: version and flags, then its metadata blocks, that of the stream first. The entry has no room
/// for rates past 65,535 Hz.
fn flac_info(r: &mut Reader<'_>, entry: &mut SampleEntry) -> Result<(), Error> {
    const STREAM_INFO: u8 = 0;
    r.skip(4)?;
    if r.byte()? & 0x7F != STREAM_INFO {
        return Err(Error::Malformed("dfLa"));
    }
    r.skip(3)?;
    let mut told = Media::default();
    flac::stream_info(r, &mut told)?;
    entry.sample_rate = told.sample_rate.or(entry.sample_rate);
    entry.channels = told.channels.or(entry.channels);
    entry.bits_per_sample = told.bits_per_sample.or(entry.bits_per_sample);
    Ok(())
}

fn decoder(r: &mut Reader<'_>, entry: &mut SampleEntry) -> Result<(), Error> {
    match esds::read(r)? {
        Some(Described::Aac(config)) => {
            entry.sample_rate = config.output_rate().or(entry.sample_rate);
            entry.channels = config.channels.or(entry.channels);
            entry.audio_codec = Some(AudioCodec::Aac);
            entry.aac = Some(config);
        }
        Some(Described::Sound(codec)) => {
            entry.audio_codec = Some(codec);
            // Writers put two channels there whatever there are (ISO/IEC 14496-12 §12.2.3); only these codings are never
            // more.
            let is_few = matches!(codec, AudioCodec::Mp3 | AudioCodec::Mp2);
            entry.channels = entry.channels.filter(|_| is_few);
        }
        Some(Described::Vorbis(channels, rate)) => {
            entry.audio_codec = Some(AudioCodec::Vorbis);
            (entry.channels, entry.sample_rate) = (Some(channels), Some(rate));
        }
        Some(Described::Video(_)) | None => {}
    }
    Ok(())
}

/// Apple Lossless, "magic cookie": 4 version+flags, 4 frame length, 1 compatible version, 1 bits, 3 tuning, 1 channels,
/// 2 longest run, 4 largest frame, 4 mean bit rate, 4 rate.
fn alac(r: &mut Reader<'_>, entry: &mut SampleEntry) -> Result<(), Error> {
    r.skip(9)?;
    let [bits, _, _, _, channels] = r.array()?;
    r.skip(10)?;
    let rate = r.be_u32()?;
    entry.bits_per_sample = (bits > 0).then_some(bits).or(entry.bits_per_sample);
    entry.channels = (channels > 0).then_some(channels).or(entry.channels);
    entry.sample_rate = (rate > 0).then_some(rate).or(entry.sample_rate);
    Ok(())
}
