use std::path::{Path, PathBuf};

use super::*;

/// A picture of `width` × `height` by a rule for each pixel.
pub(super) fn drawn(width: u32, height: u32, rule: impl Fn(u32, u32) -> [u8; 3]) -> Pixels {
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    Pixels {
        size: Size { width, height },
        rgb: places.flat_map(|(x, y)| rule(x, y)).collect(),
    }
}

/// Four corners: red, green, blue, white.
fn corners(width: u32, height: u32) -> Pixels {
    drawn(width, height, |x, y| {
        match (x * 2 < width, y * 2 < height) {
            (true, true) => [255, 0, 0],
            (false, true) => [0, 255, 0],
            (true, false) => [0, 0, 255],
            (false, false) => [255, 255, 255],
        }
    })
}

fn png_of(pixels: &Pixels) -> Vec<u8> {
    png_bytes(pixels.size, ::png::ColorType::Rgb, &pixels.rgb)
}

fn png_bytes(size: Size, colour: ::png::ColorType, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut out, size.width, size.height);
    encoder.set_color(colour);
    encoder.set_depth(::png::BitDepth::Eight);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(bytes).unwrap();
    writer.finish().unwrap();
    out
}

fn webp_bytes(size: Size, colour: image_webp::ColorType, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    image_webp::WebPEncoder::new(&mut out)
        .encode(bytes, size.width, size.height, colour)
        .unwrap();
    out
}

fn scaled(bytes: &[u8], to: Target, orientation: u8) -> Result<Vec<u8>, Error> {
    scale(&bytes, 0..bytes.len() as u64, to, orientation)
}

/// What a picture of ours shows, in full size.
fn shown(jpeg: &[u8]) -> Pixels {
    read(&Input::new(&jpeg, 0..jpeg.len() as u64), &|size| size).unwrap()
}

fn near(pixel: &[u8], want: [u8; 3], by: u8) -> bool {
    pixel.iter().zip(want).all(|(a, b)| a.abs_diff(b) <= by)
}

fn at(pixels: &Pixels, x: u32, y: u32) -> [u8; 3] {
    let start = usize::try_from((y * pixels.size.width + x) * 3).unwrap();
    pixels.rgb[start..start + 3].try_into().unwrap()
}

#[test]
fn sizes_fit_their_bounds_and_keep_their_aspect() {
    let fit = |w, h, bounds| {
        let size = Size {
            width: w,
            height: h,
        }
        .fit(bounds);
        (size.width, size.height)
    };
    assert_eq!(fit(4000, 3000, (160, 160)), (160, 120));
    assert_eq!(fit(3000, 4000, (160, 160)), (120, 160));
    assert_eq!(fit(4000, 3000, (640, 480)), (640, 480));
    assert_eq!(fit(1920, 1080, (640, 480)), (640, 360));
    assert_eq!(fit(1080, 1920, (640, 480)), (270, 480));
    assert_eq!(fit(161, 160, (160, 160)), (160, 159));
    // Smaller ones stay.
    assert_eq!(fit(160, 160, (160, 160)), (160, 160));
    assert_eq!(fit(3, 2, (160, 160)), (3, 2));
    assert_eq!(fit(1, 1, (640, 480)), (1, 1));
    // The thinnest keep one pixel.
    assert_eq!(fit(65_535, 1, (160, 160)), (160, 1));
    assert_eq!(fit(1, 65_535, (640, 480)), (1, 480));
}

#[test]
fn what_is_written_is_baseline_jpeg_with_jfif_and_4_2_0() {
    let jpeg = scaled(&png_of(&corners(320, 240)), Target::Thumbnail, 1).unwrap();
    // SOI, APP0, length 16, "JFIF", version 1.02
    assert_eq!(&jpeg[..13], b"\xFF\xD8\xFF\xE0\x00\x10JFIF\x00\x01\x02");
    // SOF0, length 17, 8 bits, 120 x 160, 3 components: 2x2, 1x1, 1x1
    let frame = jpeg.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    let head = &jpeg[frame..frame + 19];
    assert_eq!(head[2..10], [0, 17, 8, 0, 120, 0, 160, 3]);
    assert_eq!((head[11], head[14], head[17]), (0x22, 0x11, 0x11));
    assert!(!jpeg.windows(2).any(|w| w == [0xFF, 0xC2]));
    assert_eq!(jpeg[jpeg.len() - 2..], [0xFF, 0xD9]);
}

#[test]
fn colours_of_neighbours_are_averaged() {
    // Red and blue by turns: 4:2:0 has one colour for both, and it must be neither.
    let stripes = drawn(
        64,
        64,
        |x, _| if x % 2 == 0 { [255, 0, 0] } else { [0, 0, 255] },
    );
    let picture = shown(&scaled(&png_of(&stripes), Target::Small, 1).unwrap());
    for x in [30, 31] {
        let [red, _, blue] = at(&picture, x, 30);
        assert!(red.abs_diff(blue) < 60, "{red} {blue}");
    }
}

#[test]
fn the_huffman_tables_are_the_standards_own() {
    // T.81 table K.3: lengths and values of the luminance DC codes.
    let jpeg = scaled(&png_of(&corners(16, 16)), Target::Small, 1).unwrap();
    let table = [
        0, 0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
    ];
    assert!(jpeg.windows(table.len()).any(|w| w == table));
}

#[test]
fn every_orientation_comes_out_upright() {
    // Where the stored picture's red, green, blue and white corners are shown: left or right, top or bottom.
    let (a, b, c, d) = ((0, 0), (1, 0), (0, 1), (1, 1));
    for (orientation, places) in [
        (1, [a, b, c, d]),
        (2, [b, a, d, c]),
        (3, [d, c, b, a]),
        (4, [c, d, a, b]),
        (5, [a, c, b, d]),
        (6, [b, d, a, c]),
        (7, [d, b, c, a]),
        (8, [c, a, d, b]),
    ] {
        let jpeg = scaled(&png_of(&corners(400, 200)), Target::Thumbnail, orientation).unwrap();
        let picture = shown(&jpeg);
        let lying = orientation > 4;
        let size = (picture.size.width, picture.size.height);
        assert_eq!(size, if lying { (80, 160) } else { (160, 80) });
        let colours = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]];
        for (colour, (x, y)) in colours.into_iter().zip(places) {
            let pixel = at(
                &picture,
                size.0 / 4 + x * size.0 / 2,
                size.1 / 4 + y * size.1 / 2,
            );
            assert!(
                near(&pixel, colour, 6),
                "{orientation}: {pixel:?} {colour:?}"
            );
        }
    }
}

#[test]
fn bounds_hold_for_the_turned_picture() {
    let jpeg = scaled(&png_of(&corners(1200, 900)), Target::Small, 6).unwrap();
    let size = shown(&jpeg).size;
    assert_eq!((size.width, size.height), (360, 480));
}

#[test]
fn a_small_picture_keeps_its_size_and_its_colours() {
    let source = drawn(37, 21, |x, y| {
        [
            u8::try_from(x * 6).unwrap(),
            u8::try_from(y * 12).unwrap(),
            90,
        ]
    });
    let picture = shown(&scaled(&png_of(&source), Target::Thumbnail, 1).unwrap());
    assert_eq!(picture.size, source.size);
    for (x, y) in [(5, 5), (18, 10), (30, 17)] {
        assert!(near(&at(&picture, x, y), at(&source, x, y), 12));
    }
}

#[test]
fn what_is_transparent_is_white() {
    let size = Size {
        width: 8,
        height: 8,
    };
    let clear = [0, 0, 0, 0].repeat(64);
    let half = [0, 0, 0, 128].repeat(64);
    let grey = [0, 0].repeat(64);
    for (bytes, colour, want) in [
        (&clear, ::png::ColorType::Rgba, 255),
        (&half, ::png::ColorType::Rgba, 127),
        (&grey, ::png::ColorType::GrayscaleAlpha, 255),
    ] {
        let picture = shown(&scaled(&png_bytes(size, colour, bytes), Target::Small, 1).unwrap());
        assert!(near(&at(&picture, 4, 4), [want; 3], 3), "{colour:?}");
    }
    for (bytes, want) in [(&clear, 255), (&half, 127)] {
        let webp = webp_bytes(size, image_webp::ColorType::Rgba8, bytes);
        let picture = shown(&scaled(&webp, Target::Small, 1).unwrap());
        assert!(near(&at(&picture, 4, 4), [want; 3], 3));
    }
}

#[test]
fn all_formats_show_the_same_picture() {
    let source = corners(300, 200);
    let mut jpeg = Vec::new();
    Encoder::new(&mut jpeg, 95)
        .encode(&source.rgb, 300, 200, ColorType::Rgb)
        .unwrap();
    let webp = webp_bytes(source.size, image_webp::ColorType::Rgb8, &source.rgb);
    for bytes in [png_of(&source), jpeg, webp] {
        let picture = shown(&scaled(&bytes, Target::Thumbnail, 1).unwrap());
        assert_eq!((picture.size.width, picture.size.height), (160, 107));
        assert!(near(&at(&picture, 40, 25), [255, 0, 0], 6));
        assert!(near(&at(&picture, 120, 25), [0, 255, 0], 6));
        assert!(near(&at(&picture, 40, 80), [0, 0, 255], 6));
    }
}

/// An interlaced grey PNG of 5 × 3, written by hand: the passes of the standard, not compressed.
fn interlaced() -> Vec<u8> {
    // Values are 10 y + x, each row of a pass behind a filter byte of 0.
    let passes: [&[&[u8]]; 7] = [
        &[&[0]],
        &[&[4]],
        &[],
        &[&[2]],
        &[&[20, 22, 24]],
        &[&[1, 3], &[21, 23]],
        &[&[10, 11, 12, 13, 14]],
    ];
    let rows = passes.concat();
    let data: Vec<u8> = rows
        .iter()
        .flat_map(|row| std::iter::once(0).chain(row.iter().map(|v| v * 10)))
        .collect();
    let length = u16::try_from(data.len()).unwrap();
    let mut zlib = vec![0x78, 0x01, 0x01];
    zlib.extend(length.to_le_bytes());
    zlib.extend((!length).to_le_bytes());
    zlib.extend(&data);
    let (a, b) = data.iter().fold((1_u32, 0_u32), |(a, b), v| {
        let a = (a + u32::from(*v)) % 65_521;
        (a, (a + b) % 65_521)
    });
    zlib.extend((b << 16 | a).to_be_bytes());
    let mut out = b"\x89PNG\r\n\x1A\n".to_vec();
    chunk(&mut out, *b"IHDR", &[0, 0, 0, 5, 0, 0, 0, 3, 8, 0, 0, 0, 1]);
    chunk(&mut out, *b"IDAT", &zlib);
    chunk(&mut out, *b"IEND", &[]);
    out
}

fn chunk(out: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    out.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
    let body = [&name, data].concat();
    out.extend(&body);
    let crc = body.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| {
            if c & 1 == 1 {
                c >> 1 ^ 0xEDB8_8320
            } else {
                c >> 1
            }
        })
    });
    out.extend((!crc).to_be_bytes());
}

#[test]
fn an_interlaced_png_is_put_together_from_its_passes() {
    let bytes = interlaced();
    let picture = shown(&bytes);
    let want = drawn(5, 3, |x, y| {
        [u8::try_from((10 * y + x) * 10).unwrap_or(0); 3]
    });
    assert_eq!(picture.size, want.size);
    for (got, want) in picture.rgb.iter().zip(&want.rgb) {
        assert!(got.abs_diff(*want) <= 1);
    }
}

#[test]
fn every_prefix_ends_in_a_picture_or_an_error() {
    let source = corners(20, 12);
    let mut jpeg = Vec::new();
    Encoder::new(&mut jpeg, 60)
        .encode(&source.rgb, 20, 12, ColorType::Rgb)
        .unwrap();
    let webp = webp_bytes(source.size, image_webp::ColorType::Rgb8, &source.rgb);
    for bytes in [png_of(&source), jpeg, webp, interlaced()] {
        assert!(scaled(&bytes, Target::Thumbnail, 1).is_ok());
        for end in 0..bytes.len() {
            // All pixels may be there before the last checksums and end marks.
            let cut = scaled(&bytes[..end], Target::Thumbnail, 1);
            assert!(
                cut.is_err() || end + 24 > bytes.len(),
                "{end} of {}",
                bytes.len()
            );
        }
    }
}

#[test]
fn every_byte_changed_ends_in_a_picture_or_an_error() {
    let source = corners(24, 9);
    let mut jpeg = Vec::new();
    let mut encoder = Encoder::new(&mut jpeg, 50);
    encoder.set_progressive(true);
    encoder.encode(&source.rgb, 24, 9, ColorType::Rgb).unwrap();
    let webp = webp_bytes(source.size, image_webp::ColorType::Rgb8, &source.rgb);
    for bytes in [png_of(&source), jpeg, webp] {
        for at in 0..bytes.len() {
            for value in [0, 1, 0x7F, 0x80, 0xFF] {
                let mut changed = bytes.clone();
                changed[at] = value;
                let _ = scaled(&changed, Target::Thumbnail, 1);
            }
        }
    }
}

#[test]
fn hostile_sizes_are_refused_before_they_cost_anything() {
    // PNG: 65535 x 65535, and a row of two thousand million.
    for (width, height) in [
        (65_535_u32, 65_535_u32),
        (2_000_000_000, 1),
        (1, 2_000_000_000),
    ] {
        let mut out = b"\x89PNG\r\n\x1A\n".to_vec();
        let sizes = [width.to_be_bytes(), height.to_be_bytes()].concat();
        chunk(
            &mut out,
            *b"IHDR",
            &[sizes.as_slice(), &[8, 6, 0, 0, 0]].concat(),
        );
        chunk(&mut out, *b"IDAT", &[0x78, 1]);
        assert_eq!(scaled(&out, Target::Small, 1), Err(Error::Limit));
    }
    // JPEG: SOI, SOF0 of 65535 x 65535.
    let jpeg = b"\xFF\xD8\xFF\xC0\x00\x0B\x08\xFF\xFF\xFF\xFF\x01\x01\x11\x00";
    assert_eq!(scaled(jpeg, Target::Small, 1), Err(Error::Limit));
    // WebP, lossy, 16383 x 16383.
    let webp = b"RIFF\x20\0\0\0WEBPVP8 \x0A\0\0\0\x10\0\0\x9D\x01\x2A\xFF\x3F\xFF\x3F";
    assert_eq!(scaled(webp, Target::Small, 1), Err(Error::Limit));
    // WebP that calls itself 1 x 1 outside and 16383 x 16383 inside.
    let lying = b"RIFF\x30\0\0\0WEBPVP8X\x0A\0\0\0\0\0\0\0\0\0\0\0\0\0VP8 \x0A\0\0\0\x10\0\0\x9D\x01\x2A\xFF\x3F\xFF\x3F";
    let refused = scaled(lying, Target::Small, 1);
    assert_eq!(refused, Err(Error::Malformed("WebP size")));
}

#[test]
fn nothing_and_other_things_are_no_pictures() {
    for bytes in [
        &b""[..],
        b"\xFF",
        b"GIF89a",
        b"not a picture at all",
        b"RIFF\0\0\0\0WAVE",
    ] {
        assert_eq!(scaled(bytes, Target::Small, 1), Err(Error::Unsupported));
    }
    let long = limits::PICTURE_BYTES + 1;
    assert_eq!(
        scale(&&[0][..], 0..long, Target::Small, 1),
        Err(Error::Limit)
    );
}

#[test]
fn a_picture_inside_a_file_is_read_from_its_span() {
    let png = png_of(&corners(9, 9));
    let bytes = [&b"tag before"[..], &png, b"tag behind"].concat();
    let span = 10..10 + png.len() as u64;
    let inside = scale(&bytes.as_slice(), span, Target::Small, 1).unwrap();
    assert_eq!(Ok(inside), scaled(&png, Target::Small, 1));
}

#[expect(clippy::print_stdout, reason = "what was skipped is said")]
#[test]
fn real_pictures_whole_and_cut_give_a_picture_or_an_error() {
    let Some(folder) = samples() else {
        println!("SKIPPED: no media-samples in $RILL_SHARED or ../shared");
        return;
    };
    let mut good = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if !is_picture(&path) {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        match scaled(&bytes, Target::Small, 1) {
            Ok(jpeg) => {
                let size = shown(&jpeg).size;
                assert!(size.width <= 640 && size.height <= 480);
                good += 1;
            }
            Err(error) => println!("{}: {error}", path.display()),
        }
        let step = (bytes.len() / 50).max(1);
        for end in (0..bytes.len()).step_by(step) {
            let _ = scaled(&bytes[..end], Target::Thumbnail, 1);
        }
    }
    assert!(good >= 20, "{good}");
}

fn is_picture(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str());
    extension.is_some_and(|e| matches!(e.to_ascii_lowercase().as_str(), "jpg" | "png" | "webp"))
}

fn samples() -> Option<PathBuf> {
    let shared = std::env::var_os("RILL_SHARED").map_or("../shared".into(), PathBuf::from);
    Some(shared.join("media-samples")).filter(|f| f.is_dir())
}

#[test]
fn a_cameras_thumbnail_stands_in_for_the_same_picture_of_the_same_shape_alone() {
    // Its size, that of the photograph, how to turn it, what comes out.
    let rows = [
        ((160, 120), (4000, 3000), 1, Some((160, 120))),
        ((160, 120), (4000, 3000), 6, Some((120, 160))),
        ((320, 240), (4000, 3000), 8, Some((120, 160))),
        ((160, 107), (6000, 4000), 1, Some((160, 107))),
        ((160, 106), (6000, 4000), 1, None),
        ((162, 108), (6000, 4000), 1, Some((160, 107))),
        // Between black bars; upright; too small; of a picture that is smaller itself.
        ((160, 120), (6000, 4000), 1, None),
        ((160, 120), (3000, 4000), 1, None),
        ((128, 96), (4000, 3000), 1, None),
        ((160, 120), (80, 60), 1, Some((80, 60))),
        ((160, 120), (0, 60), 1, None),
    ];
    for ((width, height), whole, orientation, want) in rows {
        let small = encode(&corners(width, height)).unwrap();
        let bytes = small.as_slice();
        let span = 0..small.len() as u64;
        let made = scale_thumbnail(&bytes, span, whole, Target::Thumbnail, orientation);
        let size = made.map(|jpeg| shown(&jpeg).size);
        let size = size.map(|size| (size.width, size.height));
        assert_eq!(size, want, "{width} x {height} of {whole:?}");
    }
    let nothing = scale_thumbnail(&&b"\xFF\xD8\xFF"[..], 0..3, (40, 30), Target::Thumbnail, 1);
    assert_eq!(nothing, None);
}
