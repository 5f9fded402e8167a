//! `precondition.rs`: each header by itself, then their order.

use super::*;

const OURS: Validators<'_> = Validators {
    etag: "\"a,b\"",
    modified_unix_secs: 784_111_777,
};
const THEN: &[u8] = b"Sun, 06 Nov 1994 08:49:37 GMT";
const BEFORE: &[u8] = b"Sun, 06 Nov 1994 08:49:36 GMT";
const AFTER: &[u8] = b"Sun, 06 Nov 1994 08:49:38 GMT";

/// Outcomes for a GET and for a POST.
fn both(fields: &Fields<'_>) -> (Outcome, Outcome) {
    (
        evaluate(fields, true, &OURS),
        evaluate(fields, false, &OURS),
    )
}

const PROCEED: (Outcome, Outcome) = (Outcome::Proceed, Outcome::Proceed);
const FAILED: (Outcome, Outcome) = (Outcome::Failed, Outcome::Failed);
const HAS_ALREADY: (Outcome, Outcome) = (Outcome::NotModified, Outcome::Failed);

#[test]
fn without_preconditions_the_request_proceeds() {
    assert_eq!(both(&Fields::default()), PROCEED);
    assert!(range_applies(None, &OURS));
}

#[test]
fn entity_tag_lists_match_by_their_own_comparison() {
    for (list, strong, weak) in [
        (&b"*"[..], true, true),
        (b"\"a,b\"", true, true),
        (b"W/\"a,b\"", false, true),
        (b"\"x\", \"a,b\"", true, true),
        (b", ,\"x\"\t,W/\"a,b\" ,", false, true),
        (b"\"a\", \"b\"", false, false),
        (b"\"A,B\"", false, false),
        (b"\"\"", false, false),
        // malformed, so never a match
        (b"", false, false),
        (b"a,b", false, false),
        (b"\"a,b", false, false),
        (b"\"a,b\" \"x\"", false, false),
        (b"\"a,b\"x", false, false),
        (b"\"a,b\", *", false, false),
        (b"*, \"a,b\"", false, false),
        (b"w/\"a,b\"", false, false),
        (b"\"a,b\", \"x y\"", false, false),
        (b"\"a,b\", W/", false, false),
    ] {
        let text = String::from_utf8_lossy(list);
        let if_match = Fields {
            if_match: Some(list),
            ..Fields::default()
        };
        assert_eq!(
            both(&if_match),
            if strong { PROCEED } else { FAILED },
            "If-Match {text}"
        );
        let if_none = Fields {
            if_none_match: Some(list),
            ..Fields::default()
        };
        assert_eq!(
            both(&if_none),
            if weak { HAS_ALREADY } else { PROCEED },
            "If-None-Match {text}"
        );
    }
}

#[test]
fn dates_are_compared_to_the_second_and_ignored_when_they_are_none() {
    for (date, since, unmodified) in [
        (BEFORE, PROCEED, FAILED),
        (THEN, (Outcome::NotModified, Outcome::Proceed), PROCEED),
        (AFTER, (Outcome::NotModified, Outcome::Proceed), PROCEED),
        (b"yesterday", PROCEED, PROCEED),
        (b"", PROCEED, PROCEED),
    ] {
        let text = String::from_utf8_lossy(date);
        let fields = Fields {
            if_modified_since: Some(date),
            ..Fields::default()
        };
        assert_eq!(both(&fields), since, "If-Modified-Since {text}");
        let fields = Fields {
            if_unmodified_since: Some(date),
            ..Fields::default()
        };
        assert_eq!(both(&fields), unmodified, "If-Unmodified-Since {text}");
    }
}

#[test]
fn entity_tags_come_before_dates_and_matching_before_not_matching() {
    let (ours, other) = (Some(&b"\"a,b\""[..]), Some(&b"\"x\""[..]));
    let none = Fields::default();
    for (fields, outcomes) in [
        (
            Fields {
                if_match: ours,
                if_unmodified_since: Some(BEFORE),
                ..none
            },
            PROCEED,
        ),
        (
            Fields {
                if_match: other,
                if_unmodified_since: Some(AFTER),
                ..none
            },
            FAILED,
        ),
        (
            Fields {
                if_none_match: other,
                if_modified_since: Some(AFTER),
                ..none
            },
            PROCEED,
        ),
        (
            Fields {
                if_none_match: ours,
                if_modified_since: Some(BEFORE),
                ..none
            },
            HAS_ALREADY,
        ),
        (
            Fields {
                if_match: other,
                if_none_match: ours,
                ..none
            },
            FAILED,
        ),
        (
            Fields {
                if_match: ours,
                if_none_match: ours,
                ..none
            },
            HAS_ALREADY,
        ),
    ] {
        assert_eq!(both(&fields), outcomes, "{fields:?}");
    }
}

#[test]
fn a_range_applies_to_the_same_file_only() {
    for (if_range, applies) in [
        (&b"\"a,b\""[..], true),
        (THEN, true),
        (b"Sunday, 06-Nov-94 08:49:37 GMT", true), // the same second, written otherwise
        (b"W/\"a,b\"", false),                     // weak never does
        (b"\"other\"", false),
        (b"\"a,b\", \"x\"", false), // a list is not allowed here
        (b"*", false),
        (BEFORE, false),
        (AFTER, false), // not merely unmodified since
        (b"", false),
        (b"\"", false),
    ] {
        let text = String::from_utf8_lossy(if_range);
        assert_eq!(range_applies(Some(if_range), &OURS), applies, "{text}");
    }
}

#[test]
fn an_etag_is_a_legal_strong_entity_tag_within_its_bound() {
    let etag = Etag {
        size_bytes: 500,
        modified_unix_nanos: 0x17,
        inode: 42,
    };
    assert_eq!(etag.to_string(), "\"1f4-17-2a\"");
    let longest = Etag {
        size_bytes: u64::MAX,
        modified_unix_nanos: u64::MAX,
        inode: u64::MAX,
    };
    assert_eq!(longest.to_string().len(), Etag::BYTES);
    let own = longest.to_string();
    let validators = Validators {
        etag: &own,
        modified_unix_secs: 0,
    };
    assert!(range_applies(Some(own.as_bytes()), &validators));
}
