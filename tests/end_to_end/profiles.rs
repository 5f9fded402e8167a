//! DLNA profiles and media types of films, music and pictures that ffmpeg makes here, against what the rules in
//! `../shared/field-notes.md` D say of them: worked out by hand from codec, profile, level, size, rate and packets, and never
//! taken from what rill says.

use std::fs;
use std::process::Command;

use crate::harness::{Library, Rill, have, run};

/// A file: its name, what it is made of, its type, and the profile that it has by the rules.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Option<&'static str>,
);

/// Pictures with sound. Sources are `SIZE@RATE`, two channels at 48 kHz.
#[rustfmt::skip]
const FILMS: &[Row] = &[
    // D2, program streams: 576 lines are PAL, 480 NTSC; MPEG-1 is 352 wide and not higher than 288.
    ("ps-pal.mpg", "720x576@25", "-c:v mpeg2video -b:v 2M -c:a ac3 -f dvd", "video/mpeg", Some("MPEG_PS_PAL")),
    ("ps-ntsc.mpg", "720x480@30000/1001", "-c:v mpeg2video -b:v 2M -c:a mp2 -f vob", "video/mpeg", Some("MPEG_PS_NTSC")),
    ("ps-1.mpg", "352x288@25", "-c:v mpeg1video -b:v 1M -c:a mp2 -f mpeg", "video/mpeg", Some("MPEG1")),
    ("ps-1-wide.mpg", "640x480@25", "-c:v mpeg1video -b:v 1M -c:a mp2 -f mpeg", "video/mpeg", None),
    // MPEG-2 in transport streams: HD from 1280x720 on, else by lines; 188 bytes are ISO, 192 with time stamps T.
    ("ts-eu.ts", "720x576@25", "-c:v mpeg2video -b:v 2M -c:a mp2 -f mpegts", "video/mpeg", Some("MPEG_TS_SD_EU_ISO")),
    ("ts-na.ts", "720x480@30000/1001", "-c:v mpeg2video -b:v 2M -c:a ac3 -f mpegts", "video/mpeg", Some("MPEG_TS_SD_NA_ISO")),
    ("ts-hd.ts", "1280x720@25", "-c:v mpeg2video -b:v 4M -c:a ac3 -f mpegts", "video/mpeg", Some("MPEG_TS_HD_NA_ISO")),
    ("ts-hd.m2ts", "1280x720@25", "-c:v mpeg2video -b:v 4M -c:a ac3 -f mpegts -mpegts_m2ts_mode 1", "video/vnd.dlna.mpeg-tts", Some("MPEG_TS_HD_NA_T")),
    // H.264 in transport streams.
    ("avc-60.ts", "1280x720@60000/1001", "-c:v libx264 -profile:v main -c:a ac3 -f mpegts", "video/mpeg", Some("AVC_TS_HD_60_AC3_ISO")),
    ("avc-50.ts", "720x576@25", "-c:v libx264 -profile:v main -flags +ildct+ilme -x264opts tff=1 -c:a ac3 -f mpegts", "video/mpeg", Some("AVC_TS_HD_50_AC3_ISO")),
    ("avc-sd.ts", "720x576@25", "-c:v libx264 -profile:v main -c:a libmp3lame -f mpegts", "video/mpeg", Some("AVC_TS_MP_SD_MPEG1_L3_ISO")),
    ("avc-sd.m2ts", "720x576@25", "-c:v libx264 -profile:v main -c:a ac3 -f mpegts -mpegts_m2ts_mode 1", "video/vnd.dlna.mpeg-tts", Some("AVC_TS_MP_SD_AC3_T")),
    ("avc-hd.ts", "1280x720@25", "-c:v libx264 -profile:v main -c:a aac -f mpegts", "video/mpeg", Some("AVC_TS_MP_HD_AAC_MULT5_ISO")),
    ("avc-hp.ts", "1920x1080@24", "-c:v libx264 -profile:v high -level 4.0 -c:a ac3 -f mpegts", "video/mpeg", Some("AVC_TS_HP_HD_AC3_ISO")),
    // High profile has AC-3 only.
    ("avc-hp-aac.ts", "1280x720@25", "-c:v libx264 -profile:v high -c:a aac -f mpegts", "video/mpeg", None),
    ("avc-cif.ts", "320x240@25", "-c:v libx264 -profile:v baseline -c:a ac3 -f mpegts", "video/mpeg", Some("AVC_TS_BL_CIF30_AC3_ISO")),
    ("hevc.ts", "1280x720@25", "-c:v libx265 -x265-params log-level=none -c:a ac3 -f mpegts", "video/mpeg", None),
    // H.264 in MP4.
    ("bl-cif15.mp4", "320x240@15", "-c:v libx264 -profile:v baseline -b:v 200k -c:a aac -b:a 64k", "video/mp4", Some("AVC_MP4_BL_CIF15_AAC_520")),
    ("bl-sd.mp4", "640x480@25", "-c:v libx264 -profile:v baseline -level 3.0 -b:v 1M -c:a aac", "video/mp4", Some("AVC_MP4_BL_L3L_SD_AAC")),
    ("bl-hd.mp4", "1280x720@25", "-c:v libx264 -profile:v baseline -level 3.1 -b:v 2M -c:a aac", "video/mp4", Some("AVC_MP4_BL_L31_HD_AAC")),
    ("mp-sd.mp4", "640x480@25", "-c:v libx264 -profile:v main -b:v 1M -c:a aac", "video/mp4", Some("AVC_MP4_MP_SD_AAC_MULT5")),
    ("mp-sd-ac3.mp4", "640x480@25", "-c:v libx264 -profile:v main -b:v 1M -c:a ac3", "video/mp4", Some("AVC_MP4_MP_SD_AC3")),
    ("mp-sd-mp3.mp4", "640x480@25", "-c:v libx264 -profile:v main -b:v 1M -c:a libmp3lame", "video/mp4", Some("AVC_MP4_MP_SD_MPEG1_L3")),
    ("mp-720.mp4", "1280x720@25", "-c:v libx264 -profile:v main -b:v 2M -c:a aac", "video/mp4", Some("AVC_MP4_MP_HD_720p_AAC")),
    ("hp-720.mp4", "1280x720@25", "-c:v libx264 -profile:v high -b:v 2M -c:a aac", "video/mp4", Some("AVC_MP4_HP_HD_AAC")),
    // Wider than any rule allows; ten bits; sound that no rule names; nothing but pictures.
    ("hp-wide.mp4", "2560x1080@10", "-c:v libx264 -profile:v high -b:v 2M -c:a aac", "video/mp4", None),
    ("hp-10.mp4", "1280x720@25", "-c:v libx264 -profile:v high10 -pix_fmt yuv420p10le -b:v 2M -c:a aac", "video/mp4", None),
    ("opus.mp4", "640x480@25", "-c:v libx264 -profile:v main -b:v 1M -c:a libopus", "video/mp4", None),
    ("silent.mp4", "640x480@25", "-c:v libx264 -profile:v main -b:v 1M -an", "video/mp4", None),
    ("hevc.mp4", "1280x720@25", "-c:v libx265 -x265-params log-level=none -c:a aac", "video/mp4", None),
    ("p2.mp4", "320x240@25", "-c:v mpeg4 -b:v 300k -c:a aac -b:a 64k", "video/mp4", Some("MPEG4_P2_MP4_ASP_AAC")),
    // No profiles at all.
    ("a.mkv", "640x480@25", "-c:v libx264 -profile:v main -c:a ac3", "video/x-matroska", None),
    ("a.avi", "640x480@25", "-c:v mpeg4 -vtag XVID -c:a libmp3lame", "video/x-msvideo", None),
    ("a.mov", "640x480@25", "-c:v libx264 -profile:v main -c:a aac", "video/quicktime", None),
    ("a.webm", "320x240@25", "-c:v libvpx -deadline realtime -cpu-used 8 -c:a libvorbis", "video/webm", None),
    ("a.flv", "640x480@25", "-c:v libx264 -profile:v main -c:a aac", "video/x-flv", None),
    ("a.ogv", "320x240@25", "-c:v libtheora -c:a libvorbis", "video/ogg", None),
];

/// Sound alone. Sources are `RATE/CHANNELS`.
#[rustfmt::skip]
const SOUNDS: &[Row] = &[
    // D3: MPEG-1's rates are MP3, MPEG-2's MP3X; those of "MPEG 2.5" have none.
    ("44.mp3", "44100/2", "-c:a libmp3lame", "audio/mpeg", Some("MP3")),
    ("32.mp3", "32000/1", "-c:a libmp3lame", "audio/mpeg", Some("MP3")),
    ("22.mp3", "22050/1", "-c:a libmp3lame", "audio/mpeg", Some("MP3X")),
    ("11.mp3", "11025/1", "-c:a libmp3lame", "audio/mpeg", None),
    ("layer.mp2", "48000/2", "-c:a mp2", "audio/mpeg", None),
    // AAC by channels and rate.
    ("lc.m4a", "48000/2", "-c:a aac -b:a 128k", "audio/mp4", Some("AAC_ISO_320")),
    ("lc-5.1.m4a", "48000/6", "-c:a aac -b:a 256k", "audio/mp4", Some("AAC_MULT5_ISO")),
    ("lc.aac", "44100/2", "-c:a aac -b:a 128k -f adts", "audio/vnd.dlna.adts", Some("AAC_ADTS_320")),
    ("lc-5.1.aac", "48000/6", "-c:a aac -b:a 256k -f adts", "audio/vnd.dlna.adts", Some("AAC_MULT5_ADTS")),
    ("alac.m4a", "44100/2", "-c:a alac", "audio/mp4", None),
    // Below 193 kbit/s, and below 385.
    ("slow.wma", "44100/2", "-c:a wmav2 -b:a 128k", "audio/x-ms-wma", Some("WMABASE")),
    ("fast.wma", "44100/2", "-c:a wmav2 -b:a 320k", "audio/x-ms-wma", Some("WMAFULL")),
    // None of these has one. WAV is little-endian, LPCM is not.
    ("a.flac", "44100/2", "-c:a flac", "audio/flac", None),
    ("a.wav", "44100/2", "-c:a pcm_s16le", "audio/x-wav", None),
    ("a.aiff", "44100/2", "-c:a pcm_s16be", "audio/x-aiff", None),
    ("a.ogg", "44100/2", "-c:a libvorbis", "audio/ogg", None),
    ("a.opus", "48000/2", "-c:a libopus", "audio/ogg", None),
    ("a.mka", "44100/2", "-c:a libmp3lame", "audio/x-matroska", None),
    ("a.wv", "44100/2", "-c:a wavpack", "audio/x-wavpack", None),
    // By the container, whose type is that of films.
    ("radio.ts", "48000/2", "-c:a mp2 -f mpegts", "video/mpeg", None),
    ("film.mp4", "44100/2", "-c:a aac -b:a 128k", "audio/mp4", Some("AAC_ISO_320")),
];

/// Pictures. Sources are `SIZE`.
#[rustfmt::skip]
const PICTURES: &[Row] = &[
    // Both sides count, and the limits are inclusive.
    ("tn.jpg", "160x120", "", "image/jpeg", Some("JPEG_TN")),
    ("tn-high.jpg", "120x162", "", "image/jpeg", Some("JPEG_SM")),
    ("sm.jpg", "640x480", "", "image/jpeg", Some("JPEG_SM")),
    ("med.jpg", "642x480", "", "image/jpeg", Some("JPEG_MED")),
    ("med-full.jpg", "1024x768", "", "image/jpeg", Some("JPEG_MED")),
    ("lrg.jpg", "768x1024", "", "image/jpeg", Some("JPEG_LRG")),
    ("lrg-full.jpg", "4096x1000", "", "image/jpeg", Some("JPEG_LRG")),
    ("huge.jpg", "4098x100", "", "image/jpeg", None),
    ("tn.png", "160x160", "", "image/png", Some("PNG_TN")),
    ("lrg.png", "162x160", "", "image/png", Some("PNG_LRG")),
    ("huge.png", "4098x10", "", "image/png", None),
    ("lrg.gif", "1600x1200", "", "image/gif", Some("GIF_LRG")),
    ("huge.gif", "1602x10", "", "image/gif", None),
    ("a.webp", "640x480", "", "image/webp", None),
    ("a.bmp", "640x480", "", "image/bmp", None),
    ("a.tiff", "640x480", "", "image/tiff", None),
];

/// Makes the file of `row` out of `sources`.
fn make(library: &mut Library, row: &Row, sources: &[String]) {
    let (name, _, words, ..) = *row;
    let path = library.beside(name);
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-nostdin", "-y"]);
    for source in sources {
        ffmpeg.args(["-f", "lavfi", "-i", source]);
    }
    if words.contains("libx26") {
        ffmpeg.args(["-preset", "superfast"]);
        if !words.contains("pix_fmt") {
            ffmpeg.args(["-pix_fmt", "yuv420p"]);
        }
    }
    run(ffmpeg.args(words.split_whitespace()).arg(&path));
    library.add(format!("{name}/{name}"), &fs::read(path).unwrap());
}

/// What rill says of each, against its row.
fn compare(library: &Library, rows: &[Row]) {
    let Some(rill) = Rill::serving(library) else {
        return;
    };
    let mut faults = Vec::new();
    for (name, _, _, mime, profile) in rows {
        let folder = rill.find(name);
        let item = rill.children(&folder.id).objects.remove(0);
        let info = item.res().attribute("protocolInfo").unwrap();
        let mut parts = info.split(':').skip(2);
        let (found, features) = (parts.next().unwrap(), parts.next().unwrap());
        let named = features
            .split(';')
            .find_map(|part| part.strip_prefix("DLNA.ORG_PN="));
        if (found, named) != (*mime, *profile) {
            faults.push(format!(
                "{name}: {found} {named:?}, by the rules {mime} {profile:?}"
            ));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn films_have_the_profile_that_the_rules_give_them() {
    if !have("ffmpeg") {
        return;
    }
    let mut library = Library::empty();
    for row in FILMS {
        let (size, rate) = row.1.split_once('@').unwrap();
        let sources = [
            format!("testsrc2=s={size}:r={rate}:d=1"),
            "aevalsrc=0.1*sin(440*2*PI*t)|0.1*sin(660*2*PI*t):d=1:s=48000".to_owned(),
        ];
        make(&mut library, row, &sources);
    }
    compare(&library, FILMS);
}

#[test]
fn music_has_the_profile_that_the_rules_give_it() {
    if !have("ffmpeg") {
        return;
    }
    let mut library = Library::empty();
    for row in SOUNDS {
        let (rate, channels) = row.1.split_once('/').unwrap();
        let each = "0.1*random(0)|".repeat(channels.parse().unwrap());
        let layout = if channels == "6" { ":c=5.1" } else { "" };
        let source = format!(
            "aevalsrc={}:d=2:s={rate}{layout}",
            each.trim_end_matches('|')
        );
        make(&mut library, row, &[source]);
    }
    compare(&library, SOUNDS);
}

#[test]
fn pictures_have_the_profile_that_the_rules_give_them() {
    if !have("ffmpeg") {
        return;
    }
    let mut library = Library::empty();
    for row in PICTURES {
        let name = row.0;
        let still = if row.3 == "image/jpeg" {
            "-frames:v 1 -pix_fmt yuvj420p"
        } else {
            "-frames:v 1"
        };
        let row = (name, row.1, still, row.3, row.4);
        make(&mut library, &row, &[format!("testsrc2=s={}:d=1", row.1)]);
    }
    compare(&library, PICTURES);
}
