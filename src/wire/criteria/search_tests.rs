use super::*;

/// What a text is understood as, written with every parenthesis.
fn read(text: &str) -> Result<String, SearchError> {
    fn written(expression: &Expression) -> String {
        let list = |all: &[Expression], word: &str| {
            let all: Vec<_> = all.iter().map(written).collect();
            format!("({})", all.join(word))
        };
        match expression {
            Expression::And(all) => list(all, " and "),
            Expression::Or(all) => list(all, " or "),
            Expression::Term(term) => {
                let property = match term.property {
                    Some(property) => format!("{property:?}"),
                    None => "?".to_owned(),
                };
                match &term.comparison {
                    Comparison::Exists(is) => format!("{property} exists {is}"),
                    Comparison::Value(operator, value) => {
                        format!("{property} {operator:?} [{value}]")
                    }
                }
            }
        }
    }
    let criteria = SearchCriteria::parse(text)?;
    Ok(criteria.expression.as_ref().map_or("*".to_owned(), written))
}

#[test]
fn good_criteria_are_understood() {
    for (text, wanted) in [
        ("*", "*"),
        (" \t*\r\n ", "*"),
        (r#"dc:title = "a""#, "Title Equal [a]"),
        (r#"dc:title="a""#, "Title Equal [a]"),
        (r#"dc:title != "a""#, "Title NotEqual [a]"),
        (r#"res@size < "5""#, "Size Less [5]"),
        (r#"res@size<="5""#, "Size LessOrEqual [5]"),
        (r#"res@duration > "0:01:00""#, "Duration Greater [0:01:00]"),
        (
            r#"dc:date >= "2001-01-01""#,
            "Date GreaterOrEqual [2001-01-01]",
        ),
        (r#"dc:title contains "x y""#, "Title Contains [x y]"),
        (r#"dc:title contains"x""#, "Title Contains [x]"),
        (r#"dc:title doesNotContain """#, "Title DoesNotContain []"),
        (r#"upnp:album startsWith "B""#, "Album StartsWith [B]"),
        (
            r#"upnp:class derivedfrom "object.item.audioItem" and @refID exists false"#,
            "(Class DerivedFrom [object.item.audioItem] and RefId exists false)",
        ),
        (r"upnp:genre exists true", "Genre exists true"),
        (
            r#"upnp:artist@role = "AlbumArtist""#,
            "ArtistRole Equal [AlbumArtist]",
        ),
        (
            r#"upnp:artist[@role="AlbumArtist"] = "B""#,
            "AlbumArtist Equal [B]",
        ),
        (
            r#"upnp:artist[@role='AlbumArtist'] = "B""#,
            "AlbumArtist Equal [B]",
        ),
        (
            r#"upnp:artist@role[AlbumArtist]="B""#,
            "AlbumArtist Equal [B]",
        ),
        (r#"microsoft:userRating >= "50""#, "? GreaterOrEqual [50]"),
        (
            r#"dc:title = "say \"hi\" \\ \n""#,
            r#"Title Equal [say "hi" \ \n]"#,
        ),
        (r#"dc:title = "\\""#, r"Title Equal [\]"),
        (
            "dc:title = \"\u{97f3}\u{697d} ' & < ) (\"",
            "Title Equal [\u{97f3}\u{697d} ' & < ) (]",
        ),
        (
            "@id=\"1\" or @id=\"2\" and @id=\"3\" or @id=\"4\"",
            "(Id Equal [1] or (Id Equal [2] and Id Equal [3]) or Id Equal [4])",
        ),
        (
            "(@id=\"1\"or(@id=\"2\"))and(@id=\"3\")",
            "((Id Equal [1] or Id Equal [2]) and Id Equal [3])",
        ),
        (
            "  (  upnp:class\u{b}  derivedfrom\t\"o\"\n)\u{c} ",
            "Class DerivedFrom [o]",
        ),
        // Other cases than the standard's, as control points write them.
        (
            r#"UPNP:CLASS DERIVEDFROM "o" AND dc:Title Contains "x" Or @refid EXISTS False"#,
            "((Class DerivedFrom [o] and Title Contains [x]) or RefId exists false)",
        ),
        // Escaped once too often.
        (
            "upnp:class derivedfrom &quot;o&quot; and dc:title contains &quot;R&amp;B&quot;",
            "(Class DerivedFrom [o] and Title Contains [R&B])",
        ),
        // What looks like a word of the grammar is a name where a name belongs.
        (r#"and = "x""#, "? Equal [x]"),
    ] {
        assert_eq!(read(text).as_deref(), Ok(wanted), "{text}");
    }
}

#[test]
fn bad_criteria_are_refused_at_the_byte_where_they_end_to_be_good() {
    use Problem as P;
    for (text, problem, at) in [
        ("", P::NoProperty, 0),
        ("  ", P::NoProperty, 2),
        ("**", P::NoOperator, 2),
        ("* and *", P::NoOperator, 2),
        ("()", P::NoProperty, 1),
        (")(", P::NoProperty, 0),
        ("dc:title", P::NoOperator, 8),
        ("dc:title ", P::NoOperator, 9),
        (r#"dc:title frobs "a""#, P::NoOperator, 9),
        (r#"dc:title == "a""#, P::NoValue, 10),
        (r#"dc:title ! "a""#, P::NoOperator, 9),
        ("dc:title contains", P::NoValue, 17),
        ("dc:title contains a", P::NoValue, 18),
        ("dc:title contains 'a'", P::NoValue, 18),
        (r#"dc:title containsx "a""#, P::NoOperator, 9),
        (r#"contains "a""#, P::NoOperator, 9),
        (r#""a" = dc:title"#, P::NoProperty, 0),
        (r#"dc:title = "a"#, P::OpenQuote, 11),
        (r#"dc:title = "a\""#, P::OpenQuote, 11),
        (r#"(dc:title = "a""#, P::OpenParenthesis, 0),
        (r#"dc:title = "a")"#, P::NoEnd, 14),
        (r#"(dc:title = "a" dc:title = "b")"#, P::NoEnd, 16),
        (r#"dc:title = "a" dc:title = "b""#, P::NoEnd, 15),
        (r#"dc:title = "a" and"#, P::NoProperty, 18),
        (r#"dc:title = "a" and or"#, P::NoOperator, 21),
        (r#"dc:title = "a" & dc:date = "b""#, P::NoEnd, 15),
        ("dc:title exists", P::NoTruth, 15),
        ("dc:title exists maybe", P::NoTruth, 16),
        (r#"dc:title exists "true""#, P::NoTruth, 16),
        (r#"upnp:artist[@role="A" = "x""#, P::NoOperator, 27),
    ] {
        assert_eq!(read(text), Err(SearchError { problem, at }), "{text}");
    }
    let error = SearchCriteria::parse("dc:title is \"a\"").unwrap_err();
    assert_eq!(error.to_string(), "an operator was expected at byte 9");
}

#[test]
fn every_prefix_is_read_or_refused_inside_it() {
    let whole = "(upnp:class derivedfrom \"object.item\" and (dc:title contains \"\u{e9}\\\"\" or @refID exists false))";
    for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        let error = SearchCriteria::parse(&whole[..end]).unwrap_err();
        assert!(error.at <= end, "{error} of {end}");
    }
    assert!(SearchCriteria::parse(whole).is_ok());
}

#[test]
fn terms_and_depth_have_a_limit() {
    let terms = |count| vec!["@id=\"1\""; count].join(" or ");
    assert!(SearchCriteria::parse(&terms(limits::SEARCH_TERMS)).is_ok());
    let many = SearchCriteria::parse(&terms(limits::SEARCH_TERMS + 1));
    assert_eq!(many.unwrap_err().problem, Problem::TooManyTerms);
    let deep = |depth| format!("{}@id=\"1\"{}", "(".repeat(depth), ")".repeat(depth));
    assert!(SearchCriteria::parse(&deep(limits::SEARCH_DEPTH)).is_ok());
    let at = limits::SEARCH_DEPTH;
    let problem = Problem::TooDeep;
    let error = SearchError { problem, at };
    assert_eq!(SearchCriteria::parse(&deep(at + 1)), Err(error));
    assert_eq!(SearchCriteria::parse(&"(".repeat(60_000)), Err(error));
    assert!(SearchCriteria::parse(&"\"".repeat(60_000)).is_err());
}

#[test]
fn everything_advertised_is_understood() {
    let capabilities = search_capabilities();
    assert!(capabilities.starts_with("@id,@parentID,@refID,"));
    for name in capabilities.split(',') {
        let term = format!("{name} exists true");
        let Some(Expression::Term(term)) = SearchCriteria::parse(&term).unwrap().expression else {
            panic!("{name}");
        };
        assert!(term.property.is_some(), "{name}");
    }
}
