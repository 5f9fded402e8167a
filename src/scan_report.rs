//! What `rill scan` prints: a report in words, or a line of JSON for every file.
//!
//! A line is a JSON object (RFC 8259) of `path` and of what is known; what is not known has no member. A file that is
//! not listed has `path` and `skipped`, the reason; they follow the listed ones, the first
//! [`limits::REPORTED_SKIPS`](crate::limits::REPORTED_SKIPS) of them.

use std::{cell::RefCell, fmt::Write as _, io::Write, sync::Arc};

use crate::{
    catalogue::{
        report::{MissingRoot, Report, Skip},
        scan::{Kind, Probed},
    },
    config::Config,
    json::Object,
    media::{
        ArtSpan, AudioCodec, Class, Date, Language, Media, Precision, VideoCodec, mime::Mime,
        profile::Profile,
    },
    net,
    wire::date::DidlDate,
};

/// Scans, keeps what was found, and gives the report. `terminal` is shown how far the scan is meanwhile.
///
/// # Errors
/// Those of [`net::scan_once`].
pub fn in_words(config: &Config, mut terminal: Option<impl Write>) -> Result<String, String> {
    let shown = RefCell::new(terminal.as_mut());
    let result = net::scan_once(config, |progress| {
        if let Some(terminal) = shown.borrow_mut().as_mut() {
            let (done, found) = (progress.done(), progress.found());
            let _ = write!(terminal, "\r{done} of {found} files ");
        }
    });
    if let Some(terminal) = terminal.as_mut() {
        let _ = write!(terminal, "\r\x1b[K");
    }
    result.map(|report| report.in_full())
}

/// Scans, keeps nothing, and writes a line of JSON for each file to `out`. A reader that has gone ends it early.
///
/// # Errors
/// Those of [`net::scan_each`].
pub fn as_json<W>(config: &Config, out: W) -> Result<(), String>
where
    W: Send + Sync + 'static,
    for<'w> &'w W: Write,
{
    let out = Arc::new(out);
    let to = Arc::clone(&out);
    let report = net::scan_each(config, move |path, kind, probed| {
        (&*to)
            .write_all(listed(path, kind, probed).as_bytes())
            .is_ok()
    })?;
    if let Some(report) = report {
        let _ = (&*out).write_all(left_out(&report).as_bytes());
        if report.skipped() > u64::try_from(report.skips.len()).unwrap_or(u64::MAX) {
            log::warn!("not every skipped file is named: {report}");
        }
    }
    Ok(())
}

/// The line of a listed file, its end included.
fn listed(path: &[u8], kind: Kind, probed: &Probed) -> String {
    let media = &probed.media;
    let mut line = Object::new();
    add_path(&mut line, path);
    line.text("class", name_of(kind.class));
    let mime = media.mime.or_else(|| Mime::from_code(kind.mime));
    add_text(&mut line, "mime", mime.map(Mime::as_str));
    let profile = probed.profile.and_then(Profile::from_code);
    add_text(&mut line, "profile", profile.map(Profile::name));
    add_coding(&mut line, media);
    add_tags(&mut line, media);
    add_picture(&mut line, "art", media.art);
    add_picture(&mut line, "thumbnail", media.thumbnail);
    add_text(&mut line, "trouble", probed.trouble.as_deref());
    line.finish() + "\n"
}

/// A line for everything that is not listed, and for every folder that is not there.
fn left_out(report: &Report) -> String {
    let skipped = |path: &[u8], why: &str| {
        let mut line = Object::new();
        add_path(&mut line, path);
        line.text("skipped", why);
        line.finish() + "\n"
    };
    let of_skip = |Skip {
                       path,
                       reason,
                       detail,
                   }: &Skip| match &**detail {
        "" => skipped(path, &reason.to_string()),
        detail => skipped(path, detail),
    };
    let of_root = |MissingRoot { path, detail }: &MissingRoot| skipped(path, detail);
    let skips = report.skips.iter().map(of_skip);
    skips.chain(report.missing.iter().map(of_root)).collect()
}

/// What the streams tell: lengths, sizes, codings.
fn add_coding(line: &mut Object, media: &Media) {
    let millis = media.duration.map(|d| u64::try_from(d.as_millis()));
    add_number(line, "duration_ms", millis.and_then(Result::ok));
    add_number(line, "bitrate", media.bitrate_bytes_per_sec);
    add_number(line, "width", media.width);
    add_number(line, "height", media.height);
    if let Some(rate) = media.frame_rate {
        let (num, den) = rate.ratio();
        line.text("frame_rate", &format!("{num}/{den}"));
    }
    if let Some(interlaced) = media.interlaced {
        line.truth("interlaced", interlaced);
    }
    add_text(line, "video_codec", media.video_codec.map(VideoCodec::name));
    add_number(line, "video_profile", media.video_profile);
    add_number(line, "video_level", media.video_level);
    add_text(line, "audio_codec", media.audio_codec.map(AudioCodec::name));
    add_number(line, "sample_rate", media.sample_rate);
    add_number(line, "bits", media.bits_per_sample);
    add_number(line, "channels", media.channels);
    for (name, tracks) in [
        ("audio_tracks", &media.audio_tracks),
        ("subtitle_tracks", &media.subtitle_tracks),
    ] {
        // None means that the streams were not looked at, as well.
        if !tracks.is_empty() {
            line.texts(name, tracks.iter().map(Language::as_str));
        }
    }
}

/// What somebody wrote about it.
fn add_tags(line: &mut Object, media: &Media) {
    for (name, text) in [
        ("title", &media.title),
        ("artist", &media.artist),
        ("album_artist", &media.album_artist),
        ("album", &media.album),
        ("genre", &media.genre),
        ("composer", &media.composer),
    ] {
        add_text(line, name, text.as_deref());
    }
    add_number(line, "track", media.track);
    add_number(line, "disc", media.disc);
    add_text(line, "date", media.date.map(iso).as_deref());
    add_number(line, "orientation", media.orientation);
    add_text(line, "camera", media.camera.as_deref());
    add_number(line, "rating", media.rating);
    add_text(line, "series", media.series.as_deref());
    add_number(line, "season", media.season);
    add_number(line, "episode", media.episode);
}

/// `path`, with U+FFFD for what is no UTF-8; then its bytes in hexadecimal digits as well.
fn add_path(line: &mut Object, path: &[u8]) {
    line.text("path", &String::from_utf8_lossy(path));
    if str::from_utf8(path).is_err() {
        let mut hex = String::new();
        for byte in path {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        line.text("path_bytes", &hex);
    }
}

fn add_picture(line: &mut Object, name: &str, picture: Option<ArtSpan>) {
    if let Some(picture) = picture {
        let mut object = Object::new();
        object.number("offset", picture.offset);
        object.number("len", picture.len);
        object.text("mime", picture.mime.as_str());
        line.object(name, object);
    }
}

fn add_text(line: &mut Object, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        line.text(name, text);
    }
}

fn add_number(line: &mut Object, name: &str, number: Option<impl Into<u64>>) {
    if let Some(number) = number {
        line.number(name, number);
    }
}

fn name_of(class: Class) -> &'static str {
    match class {
        Class::Audio => "audio",
        Class::Image => "image",
        Class::Video => "video",
        Class::Caption => "caption",
        Class::Playlist => "playlist",
    }
}

/// As much of ISO 8601 as was stated: `1994`, `1994-11`, `1994-11-06`, `1994-11-06T08:49:37`.
fn iso(date: Date) -> String {
    let mut text = DidlDate {
        unix_secs: date.unix_secs,
        day_only: date.precision < Precision::Second,
    }
    .to_string();
    match date.precision {
        Precision::Year => text.truncate("1994".len()),
        Precision::Month => text.truncate("1994-11".len()),
        Precision::Day | Precision::Second => {}
    }
    text
}

#[cfg(test)]
#[path = "scan_report/tests.rs"]
mod tests;
