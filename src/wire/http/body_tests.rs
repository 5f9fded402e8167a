//! `body.rs`: good bodies in every split, lying sizes, bounds.

use super::*;

/// Decodes `input` in pieces of `step` bytes: what came out, how much was used, whether it is done.
fn decode(framing: Framing, input: &[u8], step: usize) -> Result<(Vec<u8>, Progress), Error> {
    let mut decoder = Decoder::new(framing)?;
    let mut out = Vec::new();
    let mut all = decoder.decode(b"", &mut out)?;
    for piece in input.chunks(step) {
        if all.done {
            break;
        }
        let one = decoder.decode(piece, &mut out)?;
        assert!(one.done || one.used == piece.len());
        all = Progress {
            used: all.used + one.used,
            done: one.done,
        };
    }
    Ok((out, all))
}

const GOOD: &[u8] = b"5\r\nhello\r\n\
    01;h4=1;q=\"a b\"\r\n,\r\n\
    A\r\n world\r\n0\r\r\n\
    0\r\nX-T: 1\r\nY:\t2\r\n\r\n";
const GOOD_OUT: &[u8] = b"hello, world\r\n0\r";

#[test]
fn chunks_with_extensions_and_trailers_are_decoded_in_any_split() {
    let input = [GOOD, b"GET / HTTP/1.1"].concat();
    for step in 1..=input.len() {
        let (out, progress) = decode(Framing::Chunked, &input, step).unwrap();
        assert_eq!(out, GOOD_OUT, "in steps of {step}");
        assert_eq!(
            progress,
            Progress {
                used: GOOD.len(),
                done: true
            }
        );
    }
}

#[test]
fn every_prefix_of_a_chunked_body_waits_for_more() {
    for cut in 0..GOOD.len() {
        let (out, progress) = decode(Framing::Chunked, &GOOD[..cut], 7).unwrap();
        assert_eq!(
            progress,
            Progress {
                used: cut,
                done: false
            }
        );
        assert!(GOOD_OUT.starts_with(&out));
    }
}

#[test]
fn a_length_is_taken_exactly() {
    for step in 1..8 {
        let (out, progress) = decode(Framing::Length(5), b"helloGET", step).unwrap();
        assert_eq!(
            (&out[..], progress),
            (
                &b"hello"[..],
                Progress {
                    used: 5,
                    done: true
                }
            )
        );
        let (_, progress) = decode(Framing::Length(9), b"helloGET", step).unwrap();
        assert_eq!(
            progress,
            Progress {
                used: 8,
                done: false
            }
        );
    }
    for framing in [Framing::None, Framing::Length(0)] {
        let (out, progress) = decode(framing, b"GET", 3).unwrap();
        assert_eq!(
            (out.len(), progress),
            (
                0,
                Progress {
                    used: 0,
                    done: true
                }
            )
        );
    }
}

#[test]
fn malformed_chunks_are_refused() {
    for bad in [
        &b"\r\nhello"[..], // no size
        b"-1\r\n",         // CVE-2020-28926
        b"+5\r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b" 5\r\nhello\r\n0\r\n\r\n",
        b"5 \r\nhello\r\n0\r\n\r\n",
        b"5\nhello\r\n0\r\n\r\n", // bare LF
        b"5\rhello\r\n0\r\n\r\n", // bare CR
        b"g\r\n",
        b";x\r\n",
        b"5\r\nhello0\r\n\r\n", // no line end behind the data
        b"5\r\nhello\n0\r\n\r\n",
        b"5\r\nhello!\r\n0\r\n\r\n",       // longer than it says
        b"5\r\nhello\r\n\r\n",             // no size again
        b"5;a\x00b\r\nhello\r\n0\r\n\r\n", // control in the extension
        b"5;a\nhello\r\n0\r\n\r\n",
        b"5;a\r\rhello\r\n0\r\n\r\n",
        b"0\r\nX: 1\n\r\n",
        b"0\r\nX: 1\r\r\n",
        b"0\r\n\rX",
        b"00000000000000001\r\n", // 17 digits
    ] {
        for step in [1, 3, bad.len()] {
            let got = decode(Framing::Chunked, bad, step);
            assert_eq!(
                got.err(),
                Some(Error::Chunk),
                "{}",
                String::from_utf8_lossy(bad)
            );
        }
    }
}

#[test]
fn too_much_is_refused_as_soon_as_it_is_announced() {
    let most = u64::try_from(limits::SOAP_BODY_BYTES).unwrap();
    assert!(Decoder::new(Framing::Length(most)).is_ok());
    for length in [most + 1, 1 << 30, 1 << 32, u64::MAX] {
        assert_eq!(
            Decoder::new(Framing::Length(length)).err(),
            Some(Error::TooLarge)
        );
    }
    for size in [
        &b"10001"[..],
        b"FFFFFFFF",
        b"80000000",
        b"FFFFFFFFFFFFFFFF",
        b"100000000",
    ] {
        assert_eq!(
            decode(Framing::Chunked, size, 1).err(),
            Some(Error::TooLarge)
        );
    }
    // Together too large, each by itself not: refused at the size, not after the data.
    let first = [&b"8000\r\n"[..], &b"x".repeat(0x8000), b"\r\n"].concat();
    let full = [&first[..], &first, b"0\r\n\r\n"].concat();
    let (out, progress) = decode(Framing::Chunked, &full, 1000).unwrap();
    assert_eq!((out.len(), progress.done), (limits::SOAP_BODY_BYTES, true));
    let over = [&first[..], &first, b"1"].concat();
    assert_eq!(
        decode(Framing::Chunked, &over, 1000).err(),
        Some(Error::TooLarge)
    );
    assert_eq!(Error::TooLarge.status(), Status::ContentTooLarge);
}

#[test]
fn many_chunks_of_one_byte_are_a_body_like_any_other() {
    let mut input = b"1\r\nx\r\n".repeat(limits::SOAP_BODY_BYTES);
    input.extend_from_slice(b"0\r\n\r\n");
    let (out, progress) = decode(Framing::Chunked, &input, 4096).unwrap();
    assert_eq!((out.len(), progress.done), (limits::SOAP_BODY_BYTES, true));
}

#[test]
fn extensions_and_trailers_are_bounded_together() {
    let half = "e".repeat(limits::CHUNK_OVERHEAD_BYTES / 2);
    let most = format!("1;{half}\r\nx\r\n0\r\n{half}\r\n\r\n");
    assert!(
        decode(Framing::Chunked, most.as_bytes(), 512)
            .unwrap()
            .1
            .done
    );
    let over = format!("1;{half}\r\nx\r\n0;e\r\n{half}\r\n\r\n");
    assert_eq!(
        decode(Framing::Chunked, over.as_bytes(), 512).err(),
        Some(Error::Overhead)
    );
}
