use super::*;

fn converted_of(mime: Mime, text: &[u8]) -> String {
    String::from_utf8(convert(mime, text)).unwrap()
}

fn converted(text: &[u8]) -> String {
    converted_of(Mime::SRT, text)
}

#[test]
fn cues_keep_their_times_and_texts() {
    let rows: [(&str, &str); 10] = [
        ("", "WEBVTT\n"),
        (
            "\u{FEFF}1\r\n00:00:01,500 --> 00:00:04,000\r\nGood day\r\n\r\n2\r\n00:00:05,000 --> 00:00:06,000\r\nTwo\r\nlines\r\n",
            "WEBVTT\n\n00:00:01.500 --> 00:00:04.000\nGood day\n\n00:00:05.000 --> 00:00:06.000\nTwo\nlines\n",
        ),
        // Old Macintosh line ends, one digit of a fraction, no hours, coordinates.
        (
            "1\r0:1,5 --> 01:02.25 X1:1 X2:2\rText",
            "WEBVTT\n\n00:00:01.500 --> 00:01:02.250\nText\n",
        ),
        // No empty line between two cues; a number that is text.
        (
            "00:01,000 --> 00:02,000\n1984\n2\n00:03,000 --> 00:04,000\n7",
            "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n1984\n\n00:00:03.000 --> 00:00:04.000\n7\n",
        ),
        (
            "00:01,000 --> 00:02,000\n<I>a</I> <font color=\"red\">b</font> {\\an8}c & d < e > f <3",
            "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n<i>a</i> b c &amp; d &lt; e &gt; f &lt;3\n",
        ),
        // A line of tags alone is none.
        (
            "00:01,000 --> 00:02,000\n<font>\na\n</font>\nb",
            "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\na\nb\n",
        ),
        // An arrow in the text could be taken for a time.
        (
            "00:01,000 --> 00:02,000\na --> b",
            "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\na --&gt; b\n",
        ),
        // Backwards, and no time at all: their texts go with the cue before, or nowhere.
        ("00:03,000 --> 00:02,000\nlost", "WEBVTT\n"),
        ("x:y --> 00:02,000\nlost", "WEBVTT\n"),
        (
            "100:00:00,000 --> 100:00:01,000\nlong",
            "WEBVTT\n\n100:00:00.000 --> 100:00:01.000\nlong\n",
        ),
    ];
    for (text, expected) in rows {
        assert_eq!(converted(text.as_bytes()), expected, "{text:?}");
    }
}

/// A head, and one cue of two lines in the kind's own words.
const GOOD: [(Mime, &str); 5] = [
    (
        Mime::SRT,
        "\u{FEFF}1\r\n00:00:01,500 --> 00:00:04,000\r\n<i>Gr\u{fc}\u{df}e</i> {\\an8}& <\r\nzwei\r\n\r\n",
    ),
    (
        Mime::ASS,
        "\u{FEFF}[Script Info]\r\nTitle: x\r\n[Events]\r\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\r\nDialogue: 0,0:00:01.50,0:00:04.00,Default,,0,0,0,,{\\i1}Gr\u{fc}\u{df}e{\\i0}{\\an8} & <\\Nzwei\r\n",
    ),
    (
        Mime::SMI,
        "\u{FEFF}<SAMI><HEAD><STYLE><!-- P { x } .A {Name:b; lang:de} --></STYLE></HEAD><BODY>\r\n<SYNC Start=1500><P Class=A><i>Gr\u{fc}\u{df}e</i> &amp; &lt;<br>zwei\r\n<SYNC Start=4000><P Class=A>&nbsp;\r\n</BODY></SAMI>",
    ),
    (
        Mime::SUB,
        "\u{FEFF}{1}{1}20.000\r\n{30}{80}{y:b}Gr\u{fc}\u{df}e & <|zwei\r\n",
    ),
    (
        Mime::SUB,
        "\u{FEFF}[INFORMATION]\r\n[TITLE]x\r\n00:00:01.50,00:00:04.00\r\nGr\u{fc}\u{df}e & <[br]zwei\r\n",
    ),
];

#[test]
fn every_kind_says_the_same() {
    for (mime, text) in GOOD {
        assert!(is_possible(mime));
        let got = converted_of(mime, text.as_bytes())
            .replace("<i>", "")
            .replace("</i>", "");
        let expected =
            "WEBVTT\n\n00:00:01.500 --> 00:00:04.000\nGr\u{fc}\u{df}e &amp; &lt;\nzwei\n";
        assert_eq!(got, expected, "{mime:?}: {text}");
    }
    assert!(!is_possible(Mime::VTT) && !is_possible(Mime::MP4));
    assert_eq!(convert(Mime::MP4, b"x"), b"WEBVTT\n");
}

#[test]
fn substation_keeps_what_is_said_and_drops_what_is_drawn() {
    for (events, expected) in [
        // Without a Format line; commas in the text; SSA's Marked=0.
        (
            "Dialogue: Marked=0,0:00:01.00,0:00:02.00,D,N,0,0,0,,a, b,c",
            "a, b,c\n",
        ),
        // Another order.
        (
            "Format: Start, Text\nFormat: End, Start, Text\nDialogue: 0:00:02.00,0:00:01.00,x,y",
            "x,y\n",
        ),
        (
            "Dialogue: 0,0:00:01.00,0:00:02.00,D,,0,0,0,,{\\p1}m 0 0 l 9 9{\\p0}seen{\\p2}m 1 1",
            "seen\n",
        ),
        (
            "Dialogue: 0,0:00:01.00,0:00:02.00,D,,0,0,0,,{\\pos(1,2)\\b1}a\\hb{note}\\nc\\x\\N\\N{\\b0}d {open",
            "<b>a\u{a0}b c\\x\n</b>d {open\n",
        ),
        // Nothing to be seen, nothing said, backwards.
        (
            "Dialogue: 0,0:00:01.00,0:00:02.00,D,,0,0,0,,{\\p1}m 0 0{\\p0}\\N ",
            "",
        ),
        ("Comment: 0,0:00:01.00,0:00:02.00,D,,0,0,0,,x", ""),
        ("Dialogue: 0,0:00:02.00,0:00:01.00,D,,0,0,0,,x", ""),
        ("Dialogue: 0,0:00:01.00,0:00:02.00", ""),
        ("[Fonts]\nDialogue: 0,0:00:01.00,0:00:02.00,D,,0,0,0,,x", ""),
    ] {
        let got = converted_of(Mime::ASS, format!("[Events]\n{events}\n").as_bytes());
        let cue = if expected.is_empty() {
            ""
        } else {
            "\n00:00:01.000 --> 00:00:02.000\n"
        };
        assert_eq!(got, format!("WEBVTT\n{cue}{expected}"), "{events}");
    }
}

#[test]
fn sami_takes_one_language_and_ends_each_text_with_the_next() {
    for (text, expected) in [
        (
            "<SYNC Start=1000><P Class=EN>one<P Class=KR>hana<SYNC Start='2000'><P Class=\"EN\">two\nwords<SYNC Start=3000><P Class=KR>set<SYNC Start=4000><P Class=EN>&nbsp;",
            "\n00:00:01.000 --> 00:00:02.000\none\n\n00:00:02.000 --> 00:00:04.000\ntwo words\n",
        ),
        // The last one; entities; tags that go and such that stay; no class at all.
        (
            "<sync start = 1000 ><p><FONT color=red>a</FONT>&#65;&#x42; <B>c</B> &quot;&unknown; 1 < 2",
            "\n00:00:01.000 --> 00:00:06.000\naAB <b>c</b> \"&amp;unknown; 1 &lt; 2\n",
        ),
        // No time; control characters; a comment without an end.
        ("<SYNC><P>lost<SYNC Start=x><P>lost", ""),
        (
            "<SYNC Start=1000><P>a&#10;b<!-- never",
            "\n00:00:01.000 --> 00:00:06.000\na&amp;#10;b\n",
        ),
    ] {
        let got = converted_of(Mime::SMI, text.as_bytes());
        assert_eq!(got, format!("WEBVTT\n{expected}"), "{text}");
    }
}

#[test]
fn microdvd_counts_in_pictures() {
    for (text, expected) in [
        // Nothing said: those of films.
        ("{0}{23976}a|/b", "\n00:00:00.000 --> 00:16:40.000\na\nb\n"),
        (
            "{1}{1}25\n{25}{50}a",
            "\n00:00:01.000 --> 00:00:02.000\na\n",
        ),
        (
            "{0}{0}23,9\n{239}{478}a",
            "\n00:00:10.000 --> 00:00:20.000\na\n",
        ),
        // No rate can be meant: a text of no length.
        ("{1}{1}0.5\n", "\n00:00:00.041 --> 00:00:00.041\n0.5\n"),
        (
            "{1}{1}99999999999999999999\n",
            "\n00:00:00.041 --> 00:00:00.041\n99999999999999999999\n",
        ),
        (
            "{4294967295}{4294967295}far",
            "\n49760:01:46.731 --> 49760:01:46.731\nfar\n",
        ),
        (
            "{4294967296}{4294967296}too far\n{2}{1}backwards\n{1}{2}\n{1}2",
            "",
        ),
        ("\0\0\x01\u{fffd}", ""),
    ] {
        let got = converted_of(Mime::SUB, text.as_bytes());
        assert_eq!(got, format!("WEBVTT\n{expected}"), "{text}");
    }
}

#[test]
fn large_texts_without_ends_take_no_longer() {
    for (mime, head, piece) in [
        (Mime::SRT, "0:1 --> 0:2\n", "<a"),
        (Mime::SRT, "0:1 --> 0:2\n", "{\\"),
        (Mime::ASS, "[Events]\nDialogue: 0,0:1,0:2,,,,,,,", "{"),
        (Mime::ASS, "[Events]\nDialogue: 0,0:1,0:2,,,,,,,", "{}<a"),
        (Mime::SMI, "<SYNC Start=1><P>", "<a"),
        (Mime::SMI, "<SYNC Start=1><P>", "&#"),
        (Mime::SMI, "<SYNC Start=1><P ", "a='"),
        (Mime::SUB, "", "{1"),
        (Mime::SUB, "{1}{2}", "{a:}{"),
    ] {
        // By the square of its length, this would take minutes.
        let text = head.to_owned() + &piece.repeat(1 << 17);
        assert!(converted_of(mime, text.as_bytes()).len() < 5 * text.len());
    }
}

#[test]
fn every_prefix_and_every_byte_gives_a_document() {
    for (mime, good) in GOOD {
        let good = good.as_bytes();
        for end in 0..good.len() {
            assert!(converted_of(mime, &good[..end]).starts_with("WEBVTT\n"));
        }
        for byte in 0..=255 {
            for at in 0..good.len() {
                let mut bad = good.to_vec();
                bad[at] = byte;
                let text = converted_of(mime, &bad);
                assert!(text.len() < 5 * good.len() + 16, "{text}");
                assert!(!text.contains('\r'));
                // An empty line would end a cue, and what follows would be read as times.
                for cue in text.split("\n\n").skip(1) {
                    assert!(cue.lines().next().unwrap().contains(" --> "), "{text}");
                    assert!(
                        cue.lines().skip(1).all(|line| !line.contains("-->")),
                        "{text}"
                    );
                }
            }
        }
    }
}
