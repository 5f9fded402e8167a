use super::*;

fn converted(charset: Charset, chunks: &[&[u8]]) -> String {
    let mut out = Vec::new();
    let mut converter = Converter::new(charset);
    for chunk in chunks {
        converter.convert(chunk, &mut |piece| out.extend_from_slice(piece));
    }
    converter.finish(&mut |piece| out.extend_from_slice(piece));
    String::from_utf8(out).unwrap()
}

/// A text in a code page, by the page's own table backwards.
fn written(text: &str, page: CodePage) -> Vec<u8> {
    let byte = |c| (0..=255).find(|b| page.character(*b) == c);
    text.chars()
        .map(|c| byte(c).unwrap_or_else(|| panic!("{c} {page:?}")))
        .collect()
}

/// What people say in films, in each language's own page.
const SAYINGS: &[(&str, CodePage, &str)] = &[
    (
        "de",
        CodePage::Windows1252,
        "Ich weiß nicht, wo der Schlüssel ist. Hört ihr mich? Wir müssen zurück, es ist schon spät.",
    ),
    (
        "fr",
        CodePage::Windows1252,
        "Où êtes-vous allé? Je n’ai jamais été là-bas. C’est ça, très bien, à bientôt, mon frère.",
    ),
    (
        "es",
        CodePage::Windows1252,
        "¿Dónde estás? ¡Mañana será otro día! No sé qué pasó con el niño.",
    ),
    (
        "pt",
        CodePage::Windows1252,
        "Não é possível. As informações estão à disposição, você não vê? Então até amanhã, João.",
    ),
    (
        "sv",
        CodePage::Windows1252,
        "Jag är här för att hjälpa dig. Vad gör du på måndag? Det är bråttom nu.",
    ),
    (
        "fi",
        CodePage::Windows1252,
        "Minä en tiedä mitään. Täällä on pimeää, mennään pois täältä. Hyvää yötä.",
    ),
    (
        "pl",
        CodePage::Windows1250,
        "Dziękuję, że przyszedłeś. Gdzie są pieniądze? Muszę już iść, zaraz będzie późno.",
    ),
    (
        "cs",
        CodePage::Windows1250,
        "Příliš žluťoučký kůň. Kde jsi byl? Nevím, co říkáš, můj příteli, ještě dnes večer.",
    ),
    (
        "hu",
        CodePage::Windows1250,
        "Nem tudom, hol van a kulcs. Jó estét! Mindenki tudja, hogy ő nagyon erős és gyűlöli őket.",
    ),
    (
        "ro",
        CodePage::Windows1250,
        "Mulţumesc că aţi venit. Nu ştiu unde este maşina. Îmi pare rău, trebuie să plec.",
    ),
    (
        "ru",
        CodePage::Windows1251,
        "Я не знаю, где ты был. Привет! Что случилось вчера вечером? Мы должны идти.",
    ),
    (
        "uk",
        CodePage::Windows1251,
        "Я не знаю, де ти був. Привіт! Що сталося вчора ввечері? Їм треба йти.",
    ),
    (
        "bg",
        CodePage::Windows1251,
        "Не знам къде си бил. Здравей! Какво се случи снощи? Трябва да вървим.",
    ),
    (
        "el",
        CodePage::Windows1253,
        "Δεν ξέρω πού ήσουν. Γεια σου! Τι έγινε χθες το βράδυ; Πρέπει να φύγουμε.",
    ),
    (
        "tr",
        CodePage::Windows1254,
        "Nerede olduğunu bilmiyorum. İyi akşamlar! Dün gece ne oldu? Gitmemiz gerekiyor, çok geç kaldık, şimdi değil.",
    ),
    (
        "he",
        CodePage::Windows1255,
        "אני לא יודע איפה היית. שלום! מה קרה אתמול בלילה? אנחנו חייבים ללכת.",
    ),
    (
        "ar",
        CodePage::Windows1256,
        "لا أعرف أين كنت. مرحبا! ماذا حدث الليلة الماضية؟ يجب أن نذهب الآن.",
    ),
    (
        "lt",
        CodePage::Windows1257,
        "Aš nežinau, kur tu buvai. Labas vakaras! Kas atsitiko vakar naktį? Mes turime eiti, ačiū, būk čia, prašau.",
    ),
    (
        "th",
        CodePage::Windows874,
        "ฉันไม่รู้ว่าคุณอยู่ที่ไหน สวัสดี เมื่อคืนเกิดอะไรขึ้น เราต้องไปแล้ว",
    ),
    (
        "ru",
        CodePage::Koi8R,
        "Я не знаю, где ты был. Привет! Что случилось вчера вечером? Мы должны идти.",
    ),
    (
        "pl",
        CodePage::Iso8859Part2,
        "Dziękuję, że przyszedłeś. Gdzie są pieniądze? Muszę już iść, zaraz będzie późno.",
    ),
];

#[test]
fn a_text_is_told_by_its_letters_alone() {
    for (language, page, text) in SAYINGS {
        let bytes = written(text, *page);
        assert_eq!(
            detect(&bytes, None),
            Charset::SingleByte(*page),
            "{language}"
        );
    }
}

#[test]
fn a_text_is_told_by_its_language_and_comes_back_whole() {
    for (language, page, text) in SAYINGS {
        let bytes = written(text, *page);
        let charset = detect(&bytes, Some(language));
        assert_eq!(charset, Charset::SingleByte(*page), "{language}");
        assert_eq!(converted(charset, &[&bytes]), *text);
    }
}

#[test]
fn a_text_in_capitals_is_told_too() {
    for page in [CodePage::Windows1251, CodePage::Koi8R] {
        let bytes = written("ГДЕ ТЫ БЫЛ? Я НЕ ЗНАЮ, ЧТО ДЕЛАТЬ. ПОЙДЁМ ОТСЮДА", page);
        assert_eq!(detect(&bytes, None), Charset::SingleByte(page));
    }
}

#[test]
fn marks_and_valid_utf_8_come_first() {
    assert_eq!(detect(b"", Some("ru")), Charset::Utf8);
    assert_eq!(detect(b"plain", Some("ru")), Charset::Utf8);
    assert_eq!(detect("Привет".as_bytes(), Some("de")), Charset::Utf8);
    assert_eq!(detect(b"\xEF\xBB\xBFa", None), Charset::Utf8);
    assert_eq!(detect(b"\xFF\xFEa\0", None), Charset::Utf16Le);
    assert_eq!(detect(b"\xFE\xFF\0a", None), Charset::Utf16Be);
    // A sample may end inside a character.
    assert_eq!(detect(&"Привет".as_bytes()[..11], None), Charset::Utf8);
    // One slip in a long text.
    let slip = ["Привет, где ты был?".repeat(4).as_bytes(), b"\xE9"].concat();
    assert_eq!(
        detect(&[slip.as_slice(), b"!"].concat(), None),
        Charset::Utf8
    );
}

#[test]
fn utf_16_without_a_mark_is_told_by_its_zeros() {
    let units: Vec<u16> = "00:00:01,000 --> 00:00:02".encode_utf16().collect();
    let little: Vec<u8> = units.iter().flat_map(|u| u.to_le_bytes()).collect();
    let big: Vec<u8> = units.iter().flat_map(|u| u.to_be_bytes()).collect();
    assert_eq!(detect(&little, None), Charset::Utf16Le);
    assert_eq!(detect(&big, None), Charset::Utf16Be);
}

#[test]
fn a_language_that_cannot_be_right_is_not_believed() {
    // 0xD2 and 0xFF mean nothing in Greek.
    let bytes = written(
        "Я не знаю, где ты был. Ты не Тимоша, я вижу.",
        CodePage::Windows1251,
    );
    let charset = detect(&bytes, Some("el"));
    assert_eq!(charset, Charset::SingleByte(CodePage::Windows1251));
    // No language at all.
    assert_eq!(detect(&bytes, Some("1080p")), charset);
}

#[test]
fn east_asian_code_pages_go_out_as_they_are() {
    // GBK, Shift JIS: "I do not know where you are" and the like, by lines.
    let gbk = b"\xCE\xD2\xB2\xBB\xD6\xAA\xB5\xC0\n\xC4\xE3\xD4\xDA\xC4\xC4\xC0\xEF\xA1\xA3\n\xCE\xD2\xC3\xC7\n\xB1\xD8\xD0\xEB\xD7\xDF\xC1\xCB\n";
    let sjis = b"\x82\xA0\x82\xC8\x82\xBD\n\x82\xAA\x82\xC7\x82\xB1\x82\xC9\n\x82\xA2\x82\xE9\x82\xA9\n\x92\x6D\x82\xE7\n\x82\xC8\x82\xA2\n";
    for bytes in [&gbk[..], sjis] {
        assert_eq!(detect(bytes, None), Charset::Unchanged);
        assert_eq!(detect(bytes, Some("zh")), Charset::Unchanged);
        let mut out = Vec::new();
        Converter::new(Charset::Unchanged).convert(bytes, &mut |p| out.extend_from_slice(p));
        assert_eq!(out, bytes);
    }
}

#[test]
fn the_language_is_the_last_word_of_the_name() {
    for (name, word) in [
        ("Film.ru.srt", Some("ru")),
        ("Film.2010.1080p.hu.srt", Some("hu")),
        ("Film.pt-BR.forced.srt", Some("pt-BR")),
        ("Film.de.SDH.cc.srt", Some("de")),
        ("Film.srt", None),
        ("ru.srt", None),
        ("srt", None),
        ("", None),
        (".srt", None),
    ] {
        assert_eq!(language(name), word, "{name}");
    }
}

#[test]
fn utf_16_becomes_utf_8_at_any_split_of_the_input() {
    let text = "a–ß€ 😀 Привет\n";
    for (charset, bytes) in [
        (
            Charset::Utf16Le,
            text.encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect::<Vec<u8>>(),
        ),
        (
            Charset::Utf16Be,
            text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        ),
    ] {
        for at in 0..=bytes.len() {
            let (a, b) = bytes.split_at(at);
            assert_eq!(converted(charset, &[a, b]), text, "{at}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(converted(charset, &single), text);
    }
}

#[test]
fn broken_utf_16_becomes_replacement_characters() {
    for (bytes, text) in [
        (&b"\xFF\xFEa\0"[..], "a"),                  // the mark is dropped
        (b"a\0b", "a\u{FFFD}"),                      // half a unit
        (b"\x3D\xD8", "\u{FFFD}"),                   // half a pair
        (b"\x3D\xD8a\0", "\u{FFFD}a"),               // half a pair, then a letter
        (b"\x00\xDEa\0", "\u{FFFD}a"),               // a second half alone
        (b"\x3D\xD8\x3D\xD8\x00\xDE", "\u{FFFD}😀"), // a half, then a pair
        (b"a\0\xFF\xFE", "a\u{FEFF}"),               // inside, it is no mark
    ] {
        assert_eq!(converted(Charset::Utf16Le, &[bytes]), text, "{bytes:x?}");
    }
}

#[test]
fn a_counting_pass_foretells_the_length() {
    let bytes = written("Привет! – где ты?", CodePage::Windows1251);
    let charset = Charset::SingleByte(CodePage::Windows1251);
    let mut count = 0;
    let mut converter = Converter::new(charset);
    bytes
        .chunks(3)
        .for_each(|c| converter.convert(c, &mut |piece| count += piece.len()));
    converter.finish(&mut |piece| count += piece.len());
    assert_eq!(count, converted(charset, &[&bytes]).len());
}

#[test]
fn every_byte_of_every_page_gives_valid_utf_8() {
    let all: Vec<u8> = (0..=255).collect();
    for (_, page, _) in SAYINGS {
        assert_eq!(
            converted(Charset::SingleByte(*page), &[&all])
                .chars()
                .count(),
            256
        );
        let _ = detect(&all, None);
    }
}
