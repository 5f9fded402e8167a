use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::*;
use crate::media::picture::tests::drawn;

/// A smooth picture with soft edges, whose means are easily foretold.
fn smooth(width: u32, height: u32) -> Pixels {
    drawn(width, height, |x, y| {
        let part = |n: u32, of: u32| u8::try_from(n * 255 / of).unwrap();
        [part(x, width), part(y, height), 255 - part(x, width)]
    })
}

fn encoded(pixels: &Pixels, set: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, 95);
    set(&mut encoder);
    let side = |n: u32| u16::try_from(n).unwrap();
    let (width, height) = (side(pixels.size.width), side(pixels.size.height));
    encoder
        .encode(&pixels.rgb, width, height, ColorType::Rgb)
        .unwrap();
    out
}

fn decoded(bytes: &[u8], fit: impl Fn(Size) -> Size) -> Result<Pixels, Error> {
    read(Input::new(&bytes, 0..bytes.len() as u64), &fit)
}

fn whole(bytes: &[u8]) -> Pixels {
    decoded(bytes, |size| size).unwrap()
}

/// The largest and the mean difference of two pictures.
fn difference(a: &Pixels, b: &Pixels) -> (u8, f64) {
    assert_eq!((a.size, a.rgb.len()), (b.size, b.rgb.len()));
    let each = a.rgb.iter().zip(&b.rgb).map(|(a, b)| a.abs_diff(*b));
    let sum: u32 = each.clone().map(u32::from).sum();
    let count = u32::try_from(a.rgb.len()).unwrap();
    (each.max().unwrap(), f64::from(sum) / f64::from(count))
}

/// 24 × 20, 4:2:0, progressive with spectral selection and successive approximation as the Independent JPEG Group's
/// library writes it: ten scans.
const TEN_SCANS: &str = "\
    ffd8ffe000104a46494600010100000100010000ffdb004300140e0f120f0d14121012171514181e32211e1c1c1e3d2c2e243249404c4b\
    47404645505a736250556d5645466488656d777b8182814e608d978c7d96737e817cffdb0043011517171e1a1e3b21213b7c5346537c7c\
    7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7c7cffc20011080014\
    001803012200021101031101ffc40017000101010100000000000000000000000000050401ffc400160101010100000000000000000000\
    000000030102ffda000c03010002100310000001cbab44a37ac9e11a2317a317ffc4001b10000202030100000000000000000000000203\
    000110111321ffda00080101000105028a310957d65ac2b0adf45fa26a1380b109ffc4001a110002020300000000000000000000000000\
    010321021131ffda0008010301013f01925aa317b1f047ffc4001a110100030101010000000000000000000001000203111321ffda0008\
    010201013f01ca86dd26f9f95b8328a5fe4d15b3d9ffc4001c1000020202030000000000000000000000000121310211122251ffda0008\
    010100063f021f27a2faf85122d0b376d1241fffc4001c10010001050101000000000000000000000100112131517141d1ffda00080101\
    00013f218430c215df476177af40e651aec79a885d5dbf20c92bb9c885423b26037db3ffda000c03010002000300000010883f7effc400\
    1811010101010100000000000000000000000100112131ffda0008010301013f103e47b63d603d40032fffc40018110003010100000000\
    00000000000000000001112131ffda0008010201013f10ec892276062dd418cd74ffc4001d100101000203010101000000000000000001\
    110021314151f081a1ffda0008010100013f10c37e282fee048d4c994fbdc19a35ae6d805552c42af0dfdcbac4dcc69f1de5561001df6f\
    e61580095528183a38e3985aef3d2c2b170168a22d573fffd9";

#[test]
fn values_refined_bit_by_bit_are_those_of_the_reference_decoder() {
    let byte = |at: usize| u8::from_str_radix(&TEN_SCANS[at..at + 2], 16).unwrap();
    let jpeg: Vec<u8> = (0..TEN_SCANS.len()).step_by(2).map(byte).collect();
    assert_eq!(jpeg.windows(2).filter(|w| *w == [0xFF, 0xDA]).count(), 10);
    let picture = whole(&jpeg);
    // Column, row, luminance by that library.
    for (x, y, luminance) in [
        (2, 2, 81),
        (9, 4, 72),
        (15, 12, 77),
        (12, 9, 32),
        (22, 18, 219),
        (3, 17, 23),
        (20, 2, 19),
        (23, 0, 33),
    ] {
        let start = (y * 24 + x) * 3;
        let [r, g, b] = [0, 1, 2].map(|i| u32::from(picture.rgb[start + i]));
        let got = (299 * r + 587 * g + 114 * b + 500) / 1000;
        assert!(got.abs_diff(luminance) <= 6, "{x} {y}: {got} {luminance}");
    }
    for end in 0..jpeg.len() {
        let _ = decoded(&jpeg[..end], |s| s.fit((6, 6)));
        let _ = decoded(&jpeg[..end], |s| s);
    }
}

const FACTORS: [SamplingFactor; 6] = [
    SamplingFactor::R_4_4_4,
    SamplingFactor::R_4_4_0,
    SamplingFactor::R_4_2_2,
    SamplingFactor::R_4_2_0,
    SamplingFactor::R_4_1_1,
    SamplingFactor::F_2_4,
];

#[test]
fn every_sampling_of_colours_gives_the_picture_in_both_processes() {
    let source = smooth(75, 53);
    for factor in FACTORS {
        for progressive in [false, true] {
            let jpeg = encoded(&source, |e| {
                e.set_sampling_factor(factor);
                e.set_progressive(progressive);
            });
            let (most, mean) = difference(&whole(&jpeg), &source);
            assert!(
                most <= 24 && mean < 5.0,
                "{factor:?} {progressive}: {most} {mean}"
            );
        }
    }
}

#[test]
fn both_processes_agree_to_the_bit_at_every_reduction() {
    let source = smooth(203, 131);
    for factor in FACTORS {
        let sequential = encoded(&source, |e| e.set_sampling_factor(factor));
        let progressive = encoded(&source, |e| {
            e.set_sampling_factor(factor);
            e.set_progressive(true);
        });
        for width in [203, 100, 50, 25, 3] {
            let fit = |s: Size| s.fit((width, width));
            assert_eq!(
                decoded(&sequential, fit),
                decoded(&progressive, fit),
                "{factor:?} {width}"
            );
        }
    }
}

#[test]
fn a_reduced_picture_is_the_whole_one_made_smaller() {
    let source = smooth(400, 304);
    let jpeg = encoded(&source, |e| e.set_sampling_factor(SamplingFactor::R_4_2_0));
    for width in [399, 200, 160, 100, 61, 50, 20] {
        let fit = |s: Size| s.fit((width, width));
        let reduced = decoded(&jpeg, fit).unwrap();
        let mut shrink = Shrink::new(source.size, reduced.size);
        (0..)
            .zip(source.rgb.chunks(1200))
            .for_each(|(y, row)| shrink.row(y, row));
        let want = Pixels {
            size: reduced.size,
            rgb: shrink.finish(),
        };
        let (most, mean) = difference(&reduced, &want);
        assert!(most <= 12 && mean < 2.5, "{width}: {most} {mean}");
    }
}

#[test]
fn restarts_are_followed() {
    let source = smooth(100, 60);
    for progressive in [false, true] {
        let plain = encoded(&source, |e| e.set_progressive(progressive));
        let restarts = encoded(&source, |e| {
            e.set_progressive(progressive);
            e.set_restart_interval(2);
        });
        assert!(restarts.windows(2).any(|w| w == [0xFF, 0xD3]));
        assert_eq!(whole(&plain), whole(&restarts));
    }
}

#[test]
fn grey_and_ink_become_colours() {
    let encode = |bytes: &[u8], colour| {
        let mut out = Vec::new();
        Encoder::new(&mut out, 98)
            .encode(bytes, 16, 16, colour)
            .unwrap();
        whole(&out).rgb[..3].to_vec()
    };
    let near = |got: Vec<u8>, want: [u8; 3]| {
        assert!(
            got.iter().zip(want).all(|(a, b)| a.abs_diff(b) <= 4),
            "{got:?} {want:?}"
        );
    };
    near(encode(&[77; 256], ColorType::Luma), [77; 3]);
    // Full cyan; half magenta; black. The encoder inverts ink and writes Adobe's segment.
    for colour in [ColorType::Cmyk, ColorType::CmykAsYcck] {
        near(encode(&[255, 0, 0, 0].repeat(256), colour), [0, 255, 255]);
        near(encode(&[0, 128, 0, 0].repeat(256), colour), [255, 127, 255]);
        near(encode(&[0, 0, 0, 255].repeat(256), colour), [0, 0, 0]);
        near(encode(&[0; 1024], colour), [255; 3]);
    }
}

#[test]
fn colours_are_told_by_segments_and_names() {
    let source = drawn(8, 8, |_, _| [200, 100, 50]);
    let jpeg = encoded(&source, |e| e.set_sampling_factor(SamplingFactor::R_4_4_4));
    let (r, g, b) = (
        whole(&jpeg).rgb[0],
        whole(&jpeg).rgb[1],
        whole(&jpeg).rgb[2],
    );
    assert!(r.abs_diff(200) < 4 && g.abs_diff(100) < 4 && b.abs_diff(50) < 4);
    // Without JFIF's name and with Adobe's transform 0, the same bytes are red, green and blue as they stand: Y first.
    let mut named = jpeg.clone();
    named[6] = b'X';
    let adobe = b"\xFF\xEE\x00\x0EAdobe\x00\x64\0\0\0\0\x00";
    let told = [&named[..2], adobe, &named[2..]].concat();
    let y = whole(&told).rgb[0];
    assert!(y.abs_diff(124) < 4, "{y}");
}

#[test]
fn a_file_without_its_end_marker_is_whole() {
    let jpeg = encoded(&smooth(30, 30), |_| {});
    let cut = &jpeg[..jpeg.len() - 2];
    assert_eq!(whole(cut), whole(&jpeg));
    assert_eq!(
        decoded(&jpeg[..jpeg.len() - 9], |s| s),
        Err(Error::Truncated)
    );
}

#[test]
fn a_progressive_file_may_end_between_scans() {
    let jpeg = encoded(&smooth(64, 64), |e| e.set_progressive(true));
    let scans: Vec<_> = (0..jpeg.len())
        .filter(|i| jpeg[*i..].starts_with(&[0xFF, 0xDA]))
        .collect();
    let all_dc = scans[scans.len() - 1];
    let (most, _) = difference(&whole(&jpeg[..all_dc]), &whole(&jpeg));
    assert!(most < 80);
}

#[test]
fn more_scans_than_any_encoder_makes_are_refused() {
    let jpeg = encoded(&smooth(8, 8), |e| e.set_progressive(true));
    let start = jpeg.windows(2).position(|w| w == [0xFF, 0xDA]).unwrap();
    let length = jpeg[start + 2..]
        .windows(2)
        .position(|w| w[0] == 0xFF && w[1] != 0)
        .unwrap();
    let scan = &jpeg[start..start + 2 + length];
    let many = [&jpeg[..start], &scan.repeat(65)].concat();
    assert_eq!(decoded(&many, |s| s), Err(Error::Limit));
}

#[test]
fn kinds_that_are_not_read_are_called_so() {
    let jpeg = encoded(&smooth(8, 8), |_| {});
    let frame = jpeg.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    // Lossless, arithmetic; 12 bits; two components.
    for (at, value) in [(1, 0xC3), (1, 0xC9), (1, 0xCA), (4, 12), (9, 2)] {
        let mut other = jpeg.clone();
        other[frame + at] = value;
        assert_eq!(
            decoded(&other, |s| s),
            Err(Error::Unsupported),
            "{at} {value}"
        );
    }
}

#[test]
fn headers_that_lie_are_malformed() {
    let jpeg = encoded(&smooth(8, 8), |_| {});
    let find = |marker| jpeg.windows(2).position(|w| w == [0xFF, marker]).unwrap();
    let (frame, scan, huffman, quantization) = (find(0xC0), find(0xDA), find(0xC4), find(0xDB));
    for (at, value) in [
        (frame + 3, 18),            // length
        (frame + 6, 0),             // height 0
        (frame + 11, 0x00),         // sampling 0 x 0
        (frame + 11, 0x51),         // sampling 5 x 1
        (frame + 12, 4),            // quantization table 4
        (scan + 4, 0),              // no component
        (scan + 4, 5),              // five
        (scan + 5, 99),             // of no frame
        (scan + 7, jpeg[scan + 5]), // one twice
        (scan + 6, 0x33),           // tables that are not there
        (huffman + 4, 0x20),        // class 2
        (huffman + 4, 0x04),        // table 4
        (huffman + 5, 9),           // nine codes of one bit
        (quantization + 4, 0x24),   // 3-byte factors
        (quantization + 4, 0x04),   // table 4
    ] {
        let mut lying = jpeg.clone();
        lying[at] = value;
        let read = decoded(&lying, |s| s);
        assert!(
            matches!(read, Err(Error::Malformed(_))),
            "{at} {value} {read:?}"
        );
    }
}
