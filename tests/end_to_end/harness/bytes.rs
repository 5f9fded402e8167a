//! Tiny media files, made byte by byte: valid, silent or grey, and as small as the format allows.

/// An MP3 of `frames` silent frames: MPEG-1 layer III, 128 kbit/s, 44,100 Hz, 417 bytes and 1152 samples each.
pub(crate) fn mp3(frames: usize) -> Vec<u8> {
    let mut frame = vec![0xFF, 0xFB, 0x90, 0x64];
    frame.resize(417, 0);
    frame.repeat(frames)
}

/// The same after an ID3v2.3 tag with a title, an artist and an album.
pub(crate) fn mp3_titled(title: &str, frames: usize) -> Vec<u8> {
    let tags = [("TIT2", title), ("TPE1", "An Artist"), ("TALB", "An Album")];
    mp3_tagged(&tags, frames)
}

/// The same after an ID3v2.3 tag with these text frames, in UTF-16.
pub(crate) fn mp3_tagged(tags: &[(&str, &str)], frames: usize) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, text) in tags {
        let mut content = vec![1, 0xFF, 0xFE];
        content.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        body.extend(name.as_bytes());
        body.extend(length(&content));
        body.extend([0, 0]);
        body.extend(content);
    }
    let size = u32::try_from(body.len()).unwrap();
    let mut file = b"ID3\x03\0\0".to_vec();
    // Four bytes of seven bits each.
    file.extend([21, 14, 7, 0].map(|shift| u8::try_from(size >> shift & 0x7F).unwrap()));
    file.extend(body);
    file.extend(mp3(frames));
    file
}

/// A grey baseline JPEG: one quantisation table, and Huffman tables of one code each, so that a block is two zero bits.
pub(crate) fn jpeg(width: u16, height: u16) -> Vec<u8> {
    let mut file = vec![0xFF, 0xD8, 0xFF, 0xDB, 0x00, 0x43, 0x00];
    file.extend([1; 64]);
    file.extend([0xFF, 0xC0, 0x00, 0x0B, 8]);
    file.extend(height.to_be_bytes());
    file.extend(width.to_be_bytes());
    file.extend([1, 1, 0x11, 0]);
    for table in [0x00, 0x10] {
        file.extend([0xFF, 0xC4, 0x00, 0x14, table, 1]);
        file.extend([0; 16]);
    }
    file.extend([0xFF, 0xDA, 0x00, 0x08, 1, 1, 0x00, 0, 63, 0]);
    let bits = usize::from(width.div_ceil(8)) * usize::from(height.div_ceil(8)) * 2;
    file.extend(vec![0; bits / 8]);
    if !bits.is_multiple_of(8) {
        file.push(0xFF >> (bits % 8));
    }
    file.extend([0xFF, 0xD9]);
    file
}

/// The same with EXIF that tells the camera and the moment, `2020:05:17 10:00:00` (EXIF 2.3 §4.6).
pub(crate) fn jpeg_taken(camera: &str, moment: &str) -> Vec<u8> {
    // Big-endian; texts lie behind the two directories. The second one, of EXIF's own, holds the moment.
    let entry = |tag: u16, kind: u16, count: usize, value: usize| {
        let (count, value) = (u32::try_from(count).unwrap(), u32::try_from(value).unwrap());
        let mut entry = tag.to_be_bytes().to_vec();
        entry.extend(kind.to_be_bytes());
        entry.extend(count.to_be_bytes());
        entry.extend(value.to_be_bytes());
        entry
    };
    let (ascii, long) = (2, 4);
    let (first, second) = (8, 8 + 2 + 2 * 12 + 4);
    let texts = second + 2 + 12 + 4;
    let (model, taken) = (format!("{camera}\0"), format!("{moment}\0"));
    let mut exif = b"Exif\0\0MM\0\x2A".to_vec();
    exif.extend(u32::try_from(first).unwrap().to_be_bytes());
    exif.extend([0, 2]);
    exif.extend(entry(0x0110, ascii, model.len(), texts));
    exif.extend(entry(0x8769, long, 1, second));
    exif.extend([0, 0, 0, 0, 0, 1]);
    exif.extend(entry(0x9003, ascii, taken.len(), texts + model.len()));
    exif.extend([0, 0, 0, 0]);
    exif.extend([model, taken].concat().into_bytes());
    let mut file = vec![0xFF, 0xD8, 0xFF, 0xE1];
    file.extend(u16::try_from(exif.len() + 2).unwrap().to_be_bytes());
    file.extend(exif);
    file.extend(&jpeg(64, 48)[2..]);
    file
}

/// A black greyscale PNG with its rows stored uncompressed; at most 65,535 bytes of rows.
pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
    let rows = vec![0; usize::try_from((width + 1) * height).unwrap()];
    let count = u16::try_from(rows.len()).expect("one stored block");
    let mut data = vec![0x78, 0x01, 1];
    data.extend(count.to_le_bytes());
    data.extend((!count).to_le_bytes());
    data.extend(&rows);
    // Adler-32 of n zero bytes: a = 1, b = n mod 65521.
    data.extend(((u32::from(count) % 65521) << 16 | 1).to_be_bytes());

    let mut header = width.to_be_bytes().to_vec();
    header.extend(height.to_be_bytes());
    header.extend([8, 0, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, body) in [(b"IHDR", header), (b"IDAT", data), (b"IEND", Vec::new())] {
        let mut chunk = name.to_vec();
        chunk.extend(&body);
        file.extend(length(&body));
        file.extend(&chunk);
        file.extend(crc32(&chunk).to_be_bytes());
    }
    file
}

/// An MP4 film of `secs` seconds whose one H.264 track is `width` × `height`, followed by `payload` bytes in `mdat`.
pub(crate) fn mp4(secs: u32, width: u16, height: u16, payload: &[u8]) -> Vec<u8> {
    let mut file = mp4_front(secs, width, height);
    file.extend(mp4_box(*b"mdat", payload));
    file
}

/// The beginning of a film of `size` bytes in total: its `mdat` has a 64-bit size and reaches to the end of the file.
pub(crate) fn mp4_sparse_head(secs: u32, size: u64) -> Vec<u8> {
    let mut file = mp4_front(secs, 640, 360);
    let rest = size - u64::try_from(file.len()).unwrap();
    file.extend([0, 0, 0, 1]);
    file.extend(b"mdat");
    file.extend(rest.to_be_bytes());
    file
}

/// `ftyp` and `moov` (ISO/IEC 14496-12 §8.2): timescale 1000.
fn mp4_front(secs: u32, width: u16, height: u16) -> Vec<u8> {
    let millis = (secs * 1000).to_be_bytes();
    let scale = 1000_u32.to_be_bytes();
    let matrix = [0x0001_0000_u32, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000]
        .map(u32::to_be_bytes)
        .concat();
    let avcc = b"\x01\x42\xC0\x1E\xFF\xE1\0\x04\x67\x42\xC0\x1E\x01\0\x04\x68\xCE\x3C\x80";
    let (w, h) = (width.to_be_bytes(), height.to_be_bytes());

    let mvhd = [
        &[0; 12][..],
        &scale,
        &millis,
        &[0, 1, 0, 0, 1, 0],
        &[0; 10],
        &matrix,
        &[0; 24],
        &[0, 0, 0, 2],
    ]
    .concat();
    let tkhd = [
        &[0, 0, 0, 7][..],
        &[0; 8],
        &[0, 0, 0, 1],
        &[0; 4],
        &millis,
        &[0; 16],
        &matrix,
        &w,
        &[0; 2],
        &h,
        &[0; 2],
    ]
    .concat();
    let mdhd = [&[0; 12][..], &scale, &millis, &[0x55, 0xC4, 0, 0]].concat();
    let hdlr = [&[0; 8][..], b"vide", &[0; 13]].concat();
    let vmhd = [&[0, 0, 0, 1][..], &[0; 8]].concat();
    let url = mp4_box(*b"url ", &[0, 0, 0, 1]);
    let dinf = mp4_box(
        *b"dinf",
        &mp4_box(*b"dref", &[&[0, 0, 0, 0, 0, 0, 0, 1][..], &url].concat()),
    );
    let avc1 = [
        &[0, 0, 0, 0, 0, 0, 0, 1][..],
        &[0; 16],
        &w,
        &h,
        &[0, 0x48, 0, 0, 0, 0x48, 0, 0],
        &[0; 4],
        &[0, 1],
        &[0; 32],
        &[0, 0x18, 0xFF, 0xFF],
        &mp4_box(*b"avcC", avcc),
    ]
    .concat();
    let stsd = [&[0, 0, 0, 0, 0, 0, 0, 1][..], &mp4_box(*b"avc1", &avc1)].concat();
    let stts = [&[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1][..], &millis].concat();
    let stbl = [
        mp4_box(*b"stsd", &stsd),
        mp4_box(*b"stts", &stts),
        mp4_box(
            *b"stsc",
            &[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1],
        ),
        mp4_box(*b"stsz", &[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]),
        mp4_box(*b"stco", &[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 2, 0]),
    ]
    .concat();
    let minf = [mp4_box(*b"vmhd", &vmhd), dinf, mp4_box(*b"stbl", &stbl)].concat();
    let mdia = [
        mp4_box(*b"mdhd", &mdhd),
        mp4_box(*b"hdlr", &hdlr),
        mp4_box(*b"minf", &minf),
    ]
    .concat();
    let trak = [mp4_box(*b"tkhd", &tkhd), mp4_box(*b"mdia", &mdia)].concat();
    let moov = [mp4_box(*b"mvhd", &mvhd), mp4_box(*b"trak", &trak)].concat();
    [
        mp4_box(*b"ftyp", b"isom\0\0\x02\0isomavc1"),
        mp4_box(*b"moov", &moov),
    ]
    .concat()
}

fn mp4_box(name: [u8; 4], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 8).unwrap();
    [&size.to_be_bytes()[..], &name, body].concat()
}

fn length(body: &[u8]) -> [u8; 4] {
    u32::try_from(body.len()).unwrap().to_be_bytes()
}

/// The checksum of a PNG chunk (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32, _| {
        if sum & 1 == 1 {
            sum >> 1 ^ 0xEDB8_8320
        } else {
            sum >> 1
        }
    };
    !bytes
        .iter()
        .fold(!0, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), step))
}
