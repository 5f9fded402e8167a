//! Covers inside media files, byte by byte: what `upnp:albumArtURI` leads to is what was put in, whole and by range, under
//! the profile that it has. The files are made here, from each format's own specification.

use crate::art::{art, ogg_with_cover, picture, size};
use crate::harness::{Library, Rill, mp3, png};

const VORBIS: &[u8] = b"\x01vorbis\0\0\0\0\x01\x40\x1F\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x86\x01";

fn big(n: usize) -> [u8; 4] {
    u32::try_from(n).unwrap().to_be_bytes()
}

fn little(n: usize) -> [u8; 4] {
    u32::try_from(n).unwrap().to_le_bytes()
}

/// The lower three bytes, as ID3v2.2 and FLAC count.
fn three(n: usize) -> [u8; 3] {
    let [0, rest @ ..] = big(n) else {
        panic!("{n} bytes are too many")
    };
    rest
}

/// An ID3 tag of this version around `frames` (ID3v2.2 §3.1: four bytes of seven bits), and silence.
fn id3(version: u8, frames: &[u8]) -> Vec<u8> {
    let digit = |shift: u32| u8::try_from(frames.len() >> shift & 0x7F).unwrap();
    let size = [21, 14, 7, 0].map(digit);
    [b"ID3", &[version, 0, 0][..], &size, frames, &mp3(30)].concat()
}

/// ID3v2.2 §4.15: three letters for the name, three for the kind of picture, three bytes of length.
fn id3v22(cover: &[u8]) -> Vec<u8> {
    let kind = if cover.starts_with(b"\xFF\xD8") {
        b"JPG"
    } else {
        b"PNG"
    };
    let frame = [b"\0", &kind[..], b"\x03front\0", cover].concat();
    id3(2, &[b"PIC", &three(frame.len())[..], &frame].concat())
}

/// ID3v2.3 §4.15, its description in UTF-16.
fn id3v23(cover: &[u8]) -> Vec<u8> {
    let frame = [b"\x01image/jpeg\0\x03\xFF\xFEa\0\0\0", cover].concat();
    let head = [b"APIC", &big(frame.len())[..], &[0, 0]].concat();
    id3(3, &[head, frame].concat())
}

/// RFC 9639 §8.8, in front of whatever follows it.
fn picture_block(cover: &[u8]) -> Vec<u8> {
    let mime = b"image/jpeg";
    [
        &big(3)[..],
        &big(mime.len()),
        mime,
        &big(1),
        b"d",
        &[0; 16],
        &big(cover.len()),
        cover,
    ]
    .concat()
}

/// RFC 9639 §8.1 and §8.2: ten seconds at 44,100 Hz, two channels, 16 bits, of which no frame is there.
fn flac(cover: &[u8]) -> Vec<u8> {
    let mut info = [0x10, 0, 0x10, 0, 0, 0, 0, 0, 0, 0].to_vec();
    info.extend([0x0A, 0xC4, 0x42, 0xF0, 0, 0x06, 0xBA, 0xA8]);
    info.extend([0; 16]);
    let block = picture_block(cover);
    let (first, last) = (three(info.len()), three(block.len()));
    [
        b"fLaC",
        &[0][..],
        &first,
        &info,
        &[0x86],
        &last,
        &block,
        &[0xFF, 0xF8],
    ]
    .concat()
}

fn ogg(cover: &[u8]) -> Vec<u8> {
    ogg_with_cover("ogg", VORBIS, b"\x03vorbis", cover)
}

/// An atom of MP4 (ISO/IEC 14496-12 §4.2).
fn atom(name: [u8; 4], body: &[u8]) -> Vec<u8> {
    [&big(body.len() + 8)[..], &name, body].concat()
}

/// iTunes' `covr`, whose `data` says 13 for JPEG and 14 for PNG.
fn mp4(cover: &[u8]) -> Vec<u8> {
    let kind = if cover.starts_with(b"\xFF\xD8") {
        13
    } else {
        14
    };
    let data = atom(*b"data", &[&big(kind)[..], &[0; 4], cover].concat());
    let list = atom(*b"ilst", &atom(*b"covr", &data));
    let handler = atom(*b"hdlr", b"\0\0\0\0\0\0\0\0mdirappl\0\0\0\0\0\0\0\0\0");
    let meta = atom(*b"meta", &[&[0; 4][..], &handler, &list].concat());
    let header = [
        &[0; 12][..],
        &big(1000),
        &big(10_000),
        &big(0x1_0000),
        &[1, 0],
        &[0; 74],
    ];
    let header = atom(*b"mvhd", &header.concat());
    let movie = atom(*b"moov", &[header, atom(*b"udta", &meta)].concat());
    let brand = atom(*b"ftyp", b"M4A \0\0\0\0M4A ");
    [brand, movie, atom(*b"mdat", &[7; 4000])].concat()
}

/// An element of Matroska (RFC 8794 §4), its length in eight bytes.
fn element(id: &[u8], body: &[u8]) -> Vec<u8> {
    [id, &[1, 0, 0, 0], &big(body.len()), body].concat()
}

/// RFC 9559 §5.1.6: a font, then the cover, after the information about a film of ten seconds.
fn matroska(cover: &[u8]) -> Vec<u8> {
    let file = |name: &str, mime: &str, uid: u8, data: &[u8]| {
        let parts = [
            element(b"\x46\x6E", name.as_bytes()),
            element(b"\x46\x60", mime.as_bytes()),
            element(b"\x46\xAE", &[uid]),
            element(b"\x46\x5C", data),
        ];
        element(b"\x61\xA7", &parts.concat())
    };
    let name = if cover.starts_with(b"\xFF\xD8") {
        ("cover.jpg", "image/jpeg")
    } else {
        ("cover.png", "image/png")
    };
    let files = [
        file("a.ttf", "font/ttf", 1, &[9; 300]),
        file(name.0, name.1, 2, cover),
    ];
    let scale = element(b"\x2A\xD7\xB1", &[0x0F, 0x42, 0x40]);
    let length = element(b"\x44\x89", &10_000_f64.to_be_bytes());
    let info = element(b"\x15\x49\xA9\x66", &[scale, length].concat());
    let body = [info, element(b"\x19\x41\xA4\x69", &files.concat())].concat();
    let kind = element(b"\x1A\x45\xDF\xA3", &element(b"\x42\x82", b"matroska"));
    [kind, element(b"\x18\x53\x80\x67", &body)].concat()
}

/// `APEv2`: a binary item of a file name, a NUL and the picture, behind Monkey's Audio or here MP3.
fn ape(cover: &[u8]) -> Vec<u8> {
    let value = [b"front.jpg\0", cover].concat();
    let item = [
        &little(value.len())[..],
        &little(2),
        b"Cover Art (Front)\0",
        &value,
    ]
    .concat();
    let ends = |flags: usize| {
        let size = little(item.len() + 32);
        [
            b"APETAGEX",
            &little(2000)[..],
            &size,
            &little(1),
            &little(flags),
            &[0; 8],
        ]
        .concat()
    };
    [mp3(30), ends(0xA000_0000), item.clone(), ends(0x8000_0000)].concat()
}

/// Each way to carry a cover, and the extension of such a file.
type Make = fn(&[u8]) -> Vec<u8>;
const WAYS: [(&str, &str, Make); 7] = [
    ("pic", "mp3", id3v22),
    ("apic", "mp3", id3v23),
    ("ape", "mp3", ape),
    ("flac", "flac", flac),
    ("ogg", "ogg", ogg),
    ("covr", "m4a", mp4),
    ("attached", "mkv", matroska),
];

/// Serves a file of each kind with `cover` in it, and calls `check` with its title and pictures.
fn each(cover: &[u8], check: impl Fn(&Rill, &str, &[(String, String)])) {
    let mut library = Library::empty();
    for (name, extension, make) in WAYS {
        library.add(format!("{name}.{extension}"), &make(cover));
    }
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    for (name, _, _) in WAYS {
        check(&rill, name, &art(&rill.find(name)));
    }
}

/// The picture at `path` is `cover`, whole and in parts, and has this profile.
fn is_sent_as_it_is(rill: &Rill, path: &str, cover: &[u8], profile: &str, name: &str) {
    let whole = rill.get(path, &[("getcontentFeatures.dlna.org", "1")]);
    assert_eq!(whole.status, 200, "{name}");
    assert!(whole.body == cover, "{name}: {path} is another picture");
    let mime = if profile.starts_with("PNG") {
        "image/png"
    } else {
        "image/jpeg"
    };
    assert_eq!(whole.field("Content-Type"), Some(mime), "{name}");
    let features = whole.field("contentFeatures.dlna.org").unwrap();
    let wanted = format!("DLNA.ORG_PN={profile};");
    assert!(
        features.starts_with(&wanted) && !features.contains("CI=1"),
        "{name}: {features}"
    );
    let len = cover.len();
    let ranges = [
        ("bytes=0-0".to_owned(), 0..1),
        (format!("bytes=1000-{}", len - 1), 1000..len),
        ("bytes=-7".to_owned(), len - 7..len),
        (format!("bytes={}-{}", len - 1, len + 50), len - 1..len),
    ];
    for (range, place) in ranges {
        let part = rill.get(path, &[("Range", &range)]);
        assert_eq!(part.status, 206, "{name}: {range}");
        assert!(part.body == cover[place.clone()], "{name}: {range}");
        let told = format!("bytes {}-{}/{len}", place.start, place.end - 1);
        assert_eq!(part.field("Content-Range"), Some(&*told), "{name}");
    }
    let behind = rill.get(path, &[("Range", &format!("bytes={len}-"))]);
    assert_eq!(behind.status, 416, "{name}: behind the cover lies the file");
}

#[test]
fn a_cover_is_listed_between_its_small_copies_and_sent_as_it_lies_in_the_file() {
    let cover = picture(660, 500);
    each(&cover, |rill, name, art| {
        let profiles: Vec<_> = art.iter().map(|(profile, _)| &**profile).collect();
        assert_eq!(profiles, ["JPEG_TN", "JPEG_MED", "JPEG_SM"], "{name}");
        is_sent_as_it_is(rill, &art[1].1, &cover, "JPEG_MED", name);
        assert_eq!(size(&rill.get(&art[0].1, &[]).body), (160, 121), "{name}");
        // Made at the lowest priority, which takes long on a busy machine: of one is enough.
        if name == "pic" {
            assert_eq!(size(&rill.get(&art[2].1, &[]).body), (634, 480), "{name}");
        }
    });
}

#[test]
fn a_png_is_listed_behind_a_jpeg_of_it() {
    let cover = png(400, 150);
    each(&cover, |rill, name, art| {
        let profiles: Vec<_> = art.iter().map(|(profile, _)| &**profile).collect();
        assert_eq!(profiles, ["JPEG_TN", "PNG_LRG", "JPEG_SM"], "{name}");
        is_sent_as_it_is(rill, &art[1].1, &cover, "PNG_LRG", name);
        assert_eq!(size(&rill.get(&art[2].1, &[]).body), (400, 150), "{name}");
    });
}

#[test]
fn a_cover_that_is_small_already_is_its_own_small_copy() {
    for (width, height, at, profile) in [(150, 120, 0, "JPEG_TN"), (600, 300, 1, "JPEG_SM")] {
        let cover = picture(width, height);
        each(&cover, |rill, name, art| {
            let profiles: Vec<_> = art.iter().map(|(profile, _)| &**profile).collect();
            assert_eq!(profiles, ["JPEG_TN", "JPEG_SM"], "{name}");
            is_sent_as_it_is(rill, &art[at].1, &cover, profile, name);
            let other = rill.get(&art[1 - at].1, &[]);
            assert_eq!(other.status, 200, "{name}");
        });
    }
}
