//! Pictures that stand for items, and subtitles in the encodings that exist.

use jpeg_encoder::{ColorType, Encoder};

use crate::harness::{Library, Object, Rill, mp3, mp4};

/// A real JPEG of this size.
pub(crate) fn picture(width: u16, height: u16) -> Vec<u8> {
    let pixel = |at: u32| [at % 251, at / 251 % 256, 90].map(|part| u8::try_from(part).unwrap());
    let pixels: Vec<u8> = (0..u32::from(width) * u32::from(height))
        .flat_map(pixel)
        .collect();
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes, 85)
        .encode(&pixels, width, height, ColorType::Rgb)
        .unwrap();
    bytes
}

/// Width and height of a baseline JPEG (ITU-T T.81 §B.2.2).
pub(crate) fn size(jpeg: &[u8]) -> (u16, u16) {
    let at = jpeg
        .windows(4)
        .position(|bytes| bytes == [0xFF, 0xC0, 0x00, 0x11])
        .expect("a baseline frame");
    let word = |at: usize| u16::from_be_bytes([jpeg[at], jpeg[at + 1]]);
    (word(at + 7), word(at + 5))
}

/// An MP3 with this cover (ID3v2.3 APIC).
fn mp3_with_cover(cover: &[u8]) -> Vec<u8> {
    let frame = [b"\0image/jpeg\0\x03\0", cover].concat();
    let len = u32::try_from(frame.len()).unwrap();
    let tag = [b"APIC", &len.to_be_bytes()[..], &[0, 0], &frame].concat();
    let whole = u32::try_from(tag.len()).unwrap();
    let digit = |shift: u32| u8::try_from(whole >> shift & 0x7F).unwrap();
    let size = [digit(21), digit(14), digit(7), digit(0)];
    [b"ID3\x03\0\0", &size[..], &tag, &mp3(30)].concat()
}

/// RFC 4648 §4.
fn base64(bytes: &[u8]) -> Vec<u8> {
    let letters = [
        b'A'..=b'Z',
        b'a'..=b'z',
        b'0'..=b'9',
        b'+'..=b'+',
        b'/'..=b'/',
    ];
    let letters: Vec<u8> = letters.into_iter().flatten().collect();
    let mut text = Vec::new();
    for three in bytes.chunks(3) {
        let word = [three, &[0; 2]].concat();
        let bits = u32::from_be_bytes([0, word[0], word[1], word[2]]);
        let four =
            [18, 12, 6, 0].map(|shift| letters[usize::try_from(bits >> shift & 63).unwrap()]);
        text.extend(&four[..=three.len()]);
        text.resize(text.len().next_multiple_of(4), b'=');
    }
    text
}

/// An Ogg stream (RFC 3533) that starts with `head`, then a title and this cover as comments after `name`.
pub(crate) fn ogg_with_cover(title: &str, head: &[u8], name: &[u8], cover: &[u8]) -> Vec<u8> {
    let big = |n: usize| u32::try_from(n).unwrap().to_be_bytes();
    let little = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
    let mut block = [
        &big(3)[..],
        &big(10),
        b"image/jpeg",
        &[0; 20],
        &big(cover.len()),
    ]
    .concat();
    block.extend(cover);
    let line = [&b"METADATA_BLOCK_PICTURE="[..], &base64(&block)].concat();
    let title = format!("TITLE={title}");
    let title = [&little(title.len())[..], title.as_bytes()].concat();
    let mut comments = [name, &little(0), &little(2), &title].concat();
    comments.extend([&little(line.len())[..], &line].concat());
    let page = |flags: u8, table: &[u8], body: &[u8]| {
        let count = u8::try_from(table.len()).unwrap();
        let start = [
            &b"OggS\0"[..],
            &[flags],
            &[0; 8],
            &little(7),
            &[0; 8],
            &[count],
        ]
        .concat();
        [&start, table, body].concat()
    };
    let mut file = page(2, &[u8::try_from(head.len()).unwrap()], head);
    for (number, part) in comments.chunks(255 * 255).enumerate() {
        let mut table = vec![255; part.len() / 255];
        if part.len() < 255 * 255 {
            table.push(u8::try_from(part.len() % 255).unwrap());
        }
        file.extend(page(u8::from(number > 0), &table, part));
    }
    file.extend(page(4, &[100], &[0xAA; 100]));
    file
}

/// The paths of an item's `upnp:albumArtURI`, with their profiles.
pub(crate) fn art(item: &Object) -> Vec<(String, String)> {
    let host = format!("http://{}", Rill::address(crate::harness::NEAR));
    item.element
        .children
        .iter()
        .filter(|child| child.name == "albumArtURI")
        .map(|child| {
            let path = child.text.strip_prefix(&host).unwrap().to_owned();
            (
                child.attribute("dlna:profileID").unwrap_or("").to_owned(),
                path,
            )
        })
        .collect()
}

/// Of these the small copies alone: the first and the last.
pub(crate) fn small(art: Vec<(String, String)>) -> Vec<(String, String)> {
    let copies = ["JPEG_TN", "JPEG_SM"];
    let [first, .., last] = &art[..] else {
        panic!("{art:?}")
    };
    assert_eq!([&*first.0, &*last.0], copies, "{art:?}");
    art.into_iter()
        .filter(|(profile, _)| copies.contains(&&**profile))
        .collect()
}

#[test]
fn an_embedded_cover_is_sent_whole_by_range_and_small() {
    let cover = picture(800, 600);
    let library = Library::empty().with("song.mp3", &mp3_with_cover(&cover));
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let song = rill.find("song");
    let art = small(art(&song));
    for ((profile, path), most) in art.iter().zip([(160, 120), (640, 480)]) {
        let reply = rill.get(path, &[("getcontentFeatures.dlna.org", "1")]);
        assert_eq!(
            (reply.status, reply.field("Content-Type")),
            (200, Some("image/jpeg"))
        );
        assert_eq!(size(&reply.body), most);
        let features = reply.field("contentFeatures.dlna.org").unwrap();
        assert!(
            features.starts_with(&format!("DLNA.ORG_PN={profile};")) && features.contains("CI=1"),
            "{features}"
        );
        let etag = reply.field("ETag").unwrap().to_owned();
        assert_eq!(rill.get(path, &[("If-None-Match", &etag)]).status, 304);
        let part = rill.get(path, &[("Range", "bytes=2-9")]);
        assert_eq!((part.status, &part.body[..]), (206, &reply.body[2..10]));
    }
    let original = format!("/art/{}.jpg", song.id);
    let whole = rill.get(&original, &[]);
    assert_eq!((whole.status, &whole.body[..]), (200, &cover[..]));
    let parts = rill.get(&original, &[("Range", "bytes=0-4,100-109")]);
    assert_eq!(parts.status, 206);
    for piece in [&cover[..5], &cover[100..110]] {
        assert!(parts.body.windows(piece.len()).any(|bytes| bytes == piece));
    }
    assert_eq!(rill.head(&art[0].1, &[]).status, 200);
}

#[test]
fn covers_in_the_comments_of_ogg_are_taken_out_small_and_whole() {
    const VORBIS: &[u8] = b"\x01vorbis\0\0\0\0\x01\x40\x1F\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x86\x01";
    const OPUS: &[u8] = b"OpusHead\x01\x02\xE0\x01\x40\x1F\0\0\0\0\0";
    // More than one page of 64 KiB.
    let cover = picture(1600, 1200);
    assert!(cover.len() > 100_000);
    let one = ogg_with_cover("One", VORBIS, b"\x03vorbis", &cover);
    let two = ogg_with_cover("Two", OPUS, b"OpusTags", &cover);
    let three = ogg_with_cover("Three", VORBIS, b"\x03vorbis", b"GIF89a");
    let library = Library::empty()
        .with("one.ogg", &one)
        .with("two.opus", &two)
        .with("three/song.ogg", &three);
    library.write("three/folder.jpg", &picture(320, 320));
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    for title in ["One", "Two"] {
        let song = rill.find(title);
        for ((_, path), most) in small(art(&song)).iter().zip([(160, 120), (640, 480)]) {
            let small = rill.get(path, &[]);
            assert_eq!((small.status, size(&small.body)), (200, most), "{title}");
        }
        let path = format!("/art/{}.jpg", song.id);
        for _ in 0..2 {
            let whole = rill.get(&path, &[]);
            assert_eq!(whole.field("Content-Type"), Some("image/jpeg"));
            assert_eq!((whole.status, &whole.body[..]), (200, &cover[..]));
        }
        let part = rill.get(&path, &[("Range", "bytes=70000-70009")]);
        assert_eq!((part.status, &part.body[..]), (206, &cover[70_000..70_010]));
    }
    // What is no picture is none; the one beside it lies in its own file as it is.
    let path = format!("/art/{}.jpg", rill.find("Three").id);
    assert_eq!(rill.get(&path, &[]).body, picture(320, 320));
}

/// A photograph of this size without its pixels, turned a quarter to the right (Exif 2.3 §4.6), and what the camera shows
/// of it.
fn photograph_cut_short(width: u16, height: u16, thumbnail: &[u8]) -> Vec<u8> {
    let entry = |tag: u16, kind: u16, value: usize| {
        let value = u32::try_from(value).unwrap().to_le_bytes();
        [
            &tag.to_le_bytes()[..],
            &kind.to_le_bytes(),
            &[1, 0, 0, 0],
            &value,
        ]
        .concat()
    };
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0".to_vec();
    exif.extend(entry(0x0112, 3, 6));
    exif.extend([26, 0, 0, 0, 2, 0]);
    exif.extend([entry(0x0201, 4, 56), entry(0x0202, 4, thumbnail.len())].concat());
    exif.extend([0; 4]);
    exif.extend(thumbnail);
    let len = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    let whole = picture(width, height);
    [b"\xFF\xD8\xFF\xE1", &len[..], &exif, &whole[2..1000]].concat()
}

#[test]
fn the_cameras_own_thumbnail_is_used_where_it_shows_the_same() {
    let library = Library::empty()
        .with(
            "same.jpg",
            &photograph_cut_short(1600, 1200, &picture(160, 120)),
        )
        .with(
            "bars.jpg",
            &photograph_cut_short(1500, 1000, &picture(160, 120)),
        )
        .with(
            "tiny.jpg",
            &photograph_cut_short(1600, 1200, &picture(80, 60)),
        );
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let get = |title, form| {
        let id = rill.find(title).id;
        rill.get(&format!("/art/{id}-{form}.jpg"), &[])
    };
    let same = get("same", "tn");
    assert_eq!((same.status, size(&same.body)), (200, (120, 160)));
    for (title, form) in [("same", "sm"), ("bars", "tn"), ("tiny", "tn")] {
        assert_eq!(get(title, form).status, 404, "{title} {form}");
    }
}

#[test]
fn a_small_picture_is_kept_over_a_restart_and_follows_the_file() {
    let library = Library::empty().with("song.mp3", &mp3_with_cover(&picture(400, 400)));
    let Some(mut rill) = Rill::serving(&library) else {
        return;
    };
    let path = art(&rill.find("song"))[0].1.clone();
    let first = rill.get(&path, &[]).body;
    assert_eq!(size(&first), (160, 160));
    let kept = || std::fs::read_dir(rill.state().join("art")).unwrap().count();
    assert_eq!(kept(), 1);
    rill.stop();
    library.write("song.mp3", &mp3_with_cover(&picture(400, 200)));
    rill.start();
    crate::harness::wait_for("the new cover is shown", 20, || {
        (size(&rill.get(&path, &[]).body) == (160, 80)).then_some(())
    });
}

#[test]
fn photographs_offer_small_copies_and_bad_ones_none() {
    let library = Library::empty()
        .with("photo.jpg", &picture(1000, 500))
        .with("cut short.jpg", &picture(900, 900)[..2000]);
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let photo = rill.find("photo");
    let res: Vec<_> = photo
        .element
        .children
        .iter()
        .filter(|child| child.name == "res")
        .map(|child| child.attribute("protocolInfo").unwrap().to_owned())
        .collect();
    assert_eq!(res.len(), 3, "{res:?}");
    assert!(
        res[0].contains("CI=0"),
        "the original stands first: {res:?}"
    );
    assert!(
        res.iter()
            .any(|info| info.contains("JPEG_TN") && info.contains("CI=1"))
    );
    assert!(
        res.iter()
            .any(|info| info.contains("JPEG_SM") && info.contains("CI=1"))
    );
    let bad = rill.find("cut short");
    assert!(art(&bad).is_empty(), "{bad:?}");
    let path = format!("/art/{}-tn.jpg", bad.id);
    for _ in 0..2 {
        assert_eq!(rill.get(&path, &[]).status, 404);
    }
    rill.must_answer("a picture that cannot be made small");
    for path in [
        "/art/",
        "/art/0.jpg",
        "/art/ffffffffffffffff-tn.jpg",
        "/art/ffffffffffffffff.gif",
    ] {
        assert_eq!(rill.get(path, &[]).status, 404, "{path}");
    }
}

#[test]
fn a_picture_that_cannot_be_made_is_listed_until_it_is_asked_for_and_after_its_file_has_changed() {
    // All is there but the codes, which are none of those that the tables have.
    let mut broken = picture(300, 300);
    let scan = broken.windows(2).position(|bytes| bytes == [0xFF, 0xDA]);
    let codes = scan.unwrap() + 14;
    broken[codes..].fill(0xFF);
    let library = Library::empty()
        .with("broken.jpg", &broken)
        .with("a/song.mp3", &mp3_with_cover(&broken))
        .with("good.jpg", &picture(300, 300));
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    for title in ["broken", "song"] {
        let listed = art(&rill.find(title));
        let small: Vec<_> = ["JPEG_TN", "JPEG_SM"]
            .iter()
            .filter_map(|wanted| listed.iter().find(|(profile, _)| profile == wanted))
            .collect();
        assert_eq!(small.len(), 2, "{title}: {listed:?}");
        for (profile, path) in small {
            let status = rill.get(path, &[]).status;
            let is_listed = art(&rill.find(title))
                .iter()
                .any(|(name, _)| name == profile);
            assert_eq!(status == 200, is_listed, "{title}: {profile}: {status}");
        }
    }
    assert!(art(&rill.find("broken")).is_empty());
    let photo = rill.find("broken");
    assert_eq!(photo.element.all("res").len(), 1);
    assert_eq!(art(&rill.find("good")).len(), 2);

    library.write("broken.jpg", &picture(301, 300));
    crate::harness::wait_for("the small copies are listed again", 20, || {
        (art(&rill.find("broken")).len() == 2).then_some(())
    });
}

#[test]
fn many_pictures_at_once_are_all_made() {
    let mut library = Library::empty();
    for number in 0..40 {
        library.add(format!("{number}.jpg"), &picture(600 + number, 400));
    }
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let items = rill.children("0").objects;
    let mut connections: Vec<_> = items.iter().map(|_| rill.connect()).collect();
    for (connection, item) in connections.iter_mut().zip(&items) {
        let request = format!("GET /art/{}-tn.jpg HTTP/1.0\r\n\r\n", item.id);
        assert!(connection.send(request.as_bytes()));
    }
    for connection in &mut connections {
        // One thread makes them, which stands behind all else that a busy machine does.
        assert_eq!(connection.status_within(120), Some(200));
    }
}

#[test]
fn subtitles_reach_the_renderer_in_utf_8() {
    let text = "1\r\n00:00:00,500 --> 00:00:01,500\r\nÄrger im Büro\r\n";
    let latin: Vec<u8> = text
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    let utf16: Vec<u8> = [0xFEFF_u16]
        .into_iter()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let rows = [
        ("latin.de.srt", latin),
        ("wide.srt", utf16),
        ("plain.srt", text.as_bytes().to_vec()),
    ];
    let mut library = Library::empty();
    for (name, bytes) in &rows {
        let film = name.split('.').next().unwrap();
        library.add(format!("{film}.mp4"), &mp4(60, 640, 360, film.as_bytes()));
        library.write(name, bytes);
    }
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let host = format!("http://{}", Rill::address(crate::harness::NEAR));
    for (name, _) in &rows {
        let film = rill.find(name.split('.').next().unwrap());
        let caption = film
            .element
            .children
            .iter()
            .find(|child| child.attribute("protocolInfo") == Some("http-get:*:text/srt:*"))
            .unwrap_or_else(|| panic!("{name}: {film:?}"));
        let samsung = film
            .element
            .children
            .iter()
            .find(|child| child.name == "CaptionInfoEx");
        assert_eq!(samsung.map(|child| &child.text), Some(&caption.text));
        assert_eq!(
            film.res().attribute("pv:subtitleFileUri"),
            Some(caption.text.as_str())
        );
        let reply = rill.get(caption.text.strip_prefix(&host).unwrap(), &[]);
        assert_eq!((reply.status, reply.text()), (200, text), "{name}");
    }
}
