//! WAV, RF64 and BW64 (Microsoft "Multiple Channel Audio Data and WAVE Files"; EBU Tech 3285, 3306; ITU-R BS.2088), with their
//! `LIST INFO` strings and ID3 chunk. WAV is little-endian, so it never has the LPCM profile.

use std::time::Duration;

use crate::media::mime::Mime;
use crate::media::reader::{Error, Reader};
use crate::media::seek::{Around, Place, proportion};
use crate::media::tag::{date, id3, latin1, number, put, text};
use crate::media::{Class, Date, Media};

/// Chunks that are looked at, in the file and in `INFO`.
const CHUNKS: usize = 256;
/// Bytes of an `INFO` string that are looked at.
const INFO_BYTES: u64 = 1024;
/// A 32-bit size of all ones: see `ds64`.
const SEE_DS64: u32 = u32::MAX;

/// What the chunks have told so far.
#[derive(Default)]
struct Wave {
    bytes_per_sec: u32,
    linear: bool,
    block_bytes: u16,
    sample_rate: u32,
    /// `ds64`: bytes of `data`.
    large_data: Option<u64>,
    data: Option<u64>,
    data_at: Option<u64>,
    /// `fact`: samples per channel, for compressed sound.
    samples: Option<u32>,
    /// Tags of the ID3 chunks, and of the `INFO` lists, which are short of letters and of fields.
    id3: Media,
    info: Media,
    /// `bext`: when the recording was made.
    recorded: Option<Date>,
}

/// Reads a whole file.
///
/// # Errors
/// [`Error::Malformed`] when the first twelve bytes are not those of a WAVE file; errors of the reader.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let riff: [u8; 4] = r.array()?;
    r.skip(4)?;
    if !matches!(&riff, b"RIFF" | b"RF64" | b"BW64") || &r.array()? != b"WAVE" {
        return Err(Error::Malformed("WAVE header"));
    }
    media.class = Some(Class::Audio);
    media.mime = Some(Mime::WAV);
    let mut wave = Wave::default();
    let outcome = chunks(r, &mut wave, media);
    media.duration = wave.play_time();
    media.fill_from(wave.id3);
    media.fill_from(wave.info);
    put(&mut media.date, wave.recorded);
    outcome
}

fn chunks(r: &mut Reader<'_>, wave: &mut Wave, media: &mut Media) -> Result<(), Error> {
    for _ in 0..CHUNKS {
        if r.remaining() < 8 {
            return Ok(());
        }
        let kind: [u8; 4] = r.array()?;
        let stated = r.le_u32()?;
        let len = match (&kind, stated, wave.large_data) {
            (b"data", SEE_DS64, Some(large)) => large,
            // Never filled in, because the recorder was switched off: all that follows is sound.
            (b"data", 0, _) if !named(r)? => r.remaining(),
            _ => u64::from(stated),
        };
        let mut body = r.sub(len)?;
        match &kind {
            b"fmt " => wave.format(&mut body, media)?,
            b"ds64" => {
                body.skip(8)?;
                wave.large_data = Some(body.le_u64()?);
            }
            // A recording in progress says far too much: what is there counts.
            b"data" if wave.data.is_none() => {
                wave.data = Some(body.len());
                wave.data_at = Some(body.offset());
            }
            b"fact" => wave.samples = Some(body.le_u32()?),
            b"bext" if body.remaining() >= BEXT_BYTES => wave.recorded = recorded(&mut body)?,
            b"LIST" => newest(&mut wave.info, |tags| info(&mut body, tags))?,
            b"id3 " | b"ID3 " => {
                newest(&mut wave.id3, |tags| id3::read(&mut body, tags).map(drop))?;
            }
            _ => {}
        }
        r.skip(len & 1 & r.remaining())?;
        realign(r)?;
    }
    Ok(())
}

/// The places on both sides of `time`: blocks of sound, which are all alike.
///
/// # Errors
/// Errors of the reader.
pub(crate) fn around(
    r: &mut Reader<'_>,
    time: Duration,
    whole: Duration,
) -> Result<Option<Around>, Error> {
    r.skip(12)?;
    let mut wave = Wave::default();
    let outcome = chunks(r, &mut wave, &mut Media::default());
    let (Some(start), Some(len)) = (wave.data_at, wave.data) else {
        return outcome.map(|()| None);
    };
    let block = u64::from(wave.block_bytes).max(1);
    let blocks = proportion(time, whole, len) / block;
    let place = |blocks: u64| {
        let offset = start.saturating_add(blocks.saturating_mul(block));
        Place { offset, time }
    };
    let behind = place(blocks.saturating_add(1));
    Ok(Some(Around {
        before: place(blocks),
        after: Some(behind).filter(|place| place.offset < start.saturating_add(len)),
    }))
}

/// Bytes of `bext` up to the end of the time.
const BEXT_BYTES: u64 = 256 + 32 + 32 + 10 + 8;

/// Description, originator and reference, then `2004-11-02` and `10:20:30` (EBU Tech 3285 §2.3); the signs between the
/// numbers may be others.
fn recorded(r: &mut Reader<'_>) -> Result<Option<Date>, Error> {
    r.skip(256 + 32 + 32)?;
    let (day, time) = (r.array::<10>()?, r.array::<8>()?);
    Ok(date(&format!("{} {}", latin1(&day), latin1(&time))))
}

/// Of several chunks of tags the last was written last.
fn newest(
    tags: &mut Media,
    read: impl FnOnce(&mut Media) -> Result<(), Error>,
) -> Result<(), Error> {
    let older = std::mem::take(tags);
    let outcome = read(tags);
    tags.fill_from(older);
    outcome
}

/// Whether a chunk may start at `r`, which does not move: four letters, or the end.
fn named(r: &Reader<'_>) -> Result<bool, Error> {
    let mut ahead = r.clone();
    if ahead.remaining() < 8 {
        return Ok(true);
    }
    let name: [u8; 4] = ahead.array()?;
    Ok(name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b' '))
}

/// Some writers leave out the byte that pads a chunk of odd length: the next chunk's name then starts one byte early.
fn realign(r: &mut Reader<'_>) -> Result<(), Error> {
    let at = r.position();
    if at == 0 || r.remaining() < 8 {
        return Ok(());
    }
    let mut earlier = r.clone();
    earlier.seek(at - 1)?;
    if !named(r)? && named(&earlier)? {
        r.seek(at - 1)
    } else {
        Ok(())
    }
}

impl Wave {
    /// `fmt `: coding, channels, rate, bytes per second, bytes per block, bits; extensible: the real coding at 24.
    fn format(&mut self, r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
        const PCM: u16 = 1;
        const FLOAT: u16 = 3;
        const EXTENSIBLE: u16 = 0xFFFE;
        let mut coding = r.le_u16()?;
        let channels = r.le_u16()?;
        self.sample_rate = r.le_u32()?;
        self.bytes_per_sec = r.le_u32()?;
        self.block_bytes = r.le_u16()?;
        let bits = r.le_u16()?;
        if coding == EXTENSIBLE && r.remaining() >= 10 {
            r.skip(8)?;
            coding = r.le_u16()?;
        }
        self.linear = matches!(coding, PCM | FLOAT);
        media.channels = u8::try_from(channels).ok().filter(|c| *c > 0);
        media.sample_rate = Some(self.sample_rate).filter(|rate| *rate > 0);
        media.bits_per_sample = u8::try_from(bits).ok().filter(|b| self.linear && *b > 0);
        Ok(())
    }

    fn play_time(&self) -> Option<Duration> {
        let over = |amount: u64, rate: u64| {
            let nanos = (u128::from(amount) * 1_000_000_000).checked_div(u128::from(rate))?;
            u64::try_from(nanos)
                .ok()
                .filter(|n| *n > 0)
                .map(Duration::from_nanos)
        };
        let by_samples = || over(u64::from(self.samples?), u64::from(self.sample_rate));
        let by_rate = || over(self.data?, u64::from(self.bytes_per_sec));
        if self.linear {
            let exact = u64::from(self.block_bytes) * u64::from(self.sample_rate);
            return over(self.data?, exact).or_else(by_rate);
        }
        by_samples().or_else(by_rate)
    }
}

/// `LIST` of type `INFO`: chunks of text in no stated encoding; UTF-8 where it is that, else Latin-1.
pub(super) fn info(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    if r.remaining() < 4 || &r.array()? != b"INFO" {
        return Ok(());
    }
    for _ in 0..CHUNKS {
        if r.remaining() < 8 {
            break;
        }
        let kind: [u8; 4] = r.array()?;
        let len = u64::from(r.le_u32()?);
        let mut body = r.sub(len)?;
        let bytes = body.bytes(body.remaining().min(INFO_BYTES))?;
        let value = std::str::from_utf8(&bytes).map_or_else(|_| latin1(&bytes), str::to_owned);
        let value = value.split('\0').next().unwrap_or_default();
        match &kind {
            b"INAM" => put(&mut media.title, text(value)),
            b"IART" => put(&mut media.artist, text(value)),
            b"IPRD" => put(&mut media.album, text(value)),
            b"IGNR" => put(&mut media.genre, text(value)),
            b"ICRD" => put(&mut media.date, date(value)),
            b"ITRK" | b"IPRT" => put(&mut media.track, number(value)),
            b"IMUS" => put(&mut media.composer, text(value)),
            _ => {}
        }
        r.skip(len & 1 & r.remaining())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::reader::Source;

    fn parse(bytes: &[u8]) -> (Media, Result<(), Error>) {
        let mut media = Media::default();
        let source = Source::new(&bytes, bytes.len() as u64);
        let outcome = read(&mut Reader::new(&source), &mut media);
        (media, outcome)
    }

    /// Half a second of 8 kHz, 16 bits, mono.
    fn short() -> Vec<u8> {
        let mut bytes = b"RIFF\0\0\0\0WAVE".to_vec();
        bytes.extend(b"fmt \x10\0\0\0\x01\0\x01\0\x40\x1F\0\0\x80\x3E\0\0\x02\0\x10\0");
        bytes.extend(b"LIST\x13\0\0\0INFOINAM\x06\0\0\0Title\0x\0");
        bytes.extend(b"data\x40\x1F\0\0");
        bytes.extend([0; 8000]);
        bytes
    }

    #[test]
    fn length_follows_from_the_data_and_tags_from_the_list() {
        let (media, outcome) = parse(&short());
        assert_eq!(
            (media.duration, outcome),
            (Some(Duration::from_millis(500)), Ok(()))
        );
        assert_eq!(
            (media.sample_rate, media.channels, media.bits_per_sample),
            (Some(8000), Some(1), Some(16))
        );
        assert_eq!(media.title.as_deref(), Some("Title"));
    }

    #[test]
    fn every_prefix_ends_and_the_length_is_of_what_is_there() {
        let bytes = short();
        for n in (0..200).chain([4000, bytes.len() - 1]) {
            let (media, _) = parse(&bytes[..n]);
            assert!(
                media
                    .duration
                    .is_none_or(|d| d < Duration::from_millis(500)),
                "{n}"
            );
        }
    }

    #[test]
    fn sizes_beyond_32_bits_come_from_ds64() {
        let mut bytes = b"RF64\xFF\xFF\xFF\xFFWAVE".to_vec();
        bytes.extend(b"ds64\x10\0\0\0\0\0\0\0\0\0\0\0\x80\x3E\0\0\0\0\0\0");
        bytes.extend(b"fmt \x10\0\0\0\x01\0\x01\0\x40\x1F\0\0\x80\x3E\0\0\x02\0\x10\0");
        bytes.extend(b"data\xFF\xFF\xFF\xFF");
        bytes.extend([0; 16_000 + 100]);
        assert_eq!(parse(&bytes).0.duration, Some(Duration::from_secs(1)));
    }

    #[test]
    fn a_data_size_never_filled_in_means_the_rest() {
        let mut bytes = short();
        let at = bytes.windows(4).position(|w| w == b"data").unwrap() + 4;
        bytes[at..at + 4].fill(0);
        assert_eq!(parse(&bytes).0.duration, Some(Duration::from_millis(500)));
    }

    #[test]
    fn the_last_list_wins_where_it_speaks() {
        let mut bytes = short();
        bytes.extend(b"LIST\x0E\0\0\0INFOINAM\x02\0\0\0N\0LIST\x0E\0\0\0INFOIART\x02\0\0\0A\0");
        let (media, _) = parse(&bytes);
        assert_eq!(
            (media.title.as_deref(), media.artist.as_deref()),
            (Some("N"), Some("A"))
        );
    }

    #[test]
    fn a_missing_pad_byte_does_not_hide_the_data() {
        let mut bytes = short();
        bytes.splice(36..36, *b"odd \x01\0\0\0z");
        assert_eq!(parse(&bytes).0.duration, Some(Duration::from_millis(500)));
    }

    #[test]
    fn a_broadcast_tells_when_it_was_recorded_and_a_tag_knows_better() {
        let mut bext = b"bext\x52\x01\0\0".to_vec();
        bext.resize(8 + 320, b'x');
        bext.extend(b"1970-01-0200:01:02");
        let mut bytes = short();
        bytes.splice(12..12, bext);
        let date = |bytes: &[u8]| parse(bytes).0.date.map(|d| d.unix_secs);
        assert_eq!(date(&bytes), Some(86_462));
        assert_eq!(parse(&bytes).0.duration, Some(Duration::from_millis(500)));
        bytes.extend(b"LIST\x12\0\0\0INFOICRD\x05\0\0\x001970\0\0");
        assert_eq!(date(&bytes), Some(0));
        bytes[20 + 320..20 + 330].fill(0);
        assert_eq!(date(&bytes), Some(0));
    }

    #[test]
    fn impossible_headers_are_refused_or_give_no_length() {
        assert_eq!(
            parse(b"RIFF\0\0\0\0WAVX").1,
            Err(Error::Malformed("WAVE header"))
        );
        let mut bytes = short();
        bytes[24..34].fill(0);
        assert_eq!(parse(&bytes).0.duration, None);
        let endless = [
            b"RIFF\0\0\0\0WAVE".as_slice(),
            &b"junk\0\0\0\0".repeat(5000),
        ]
        .concat();
        assert_eq!(parse(&endless).1, Ok(()));
    }
}
