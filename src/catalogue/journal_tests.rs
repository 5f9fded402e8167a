use super::*;
use crate::catalogue::testing::Tree;

fn entry(number: u32) -> Entry {
    Entry {
        content: u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15),
        object: ObjectId::from_value(u64::from(number) << 40 | 1),
        state: State {
            position_ms: number * 1000 + 7,
            play_count: number,
            changed_secs: 1_700_000_000 + u64::from(number),
        },
        change: number,
    }
}

/// A journal of entries 1 to `last`.
fn journal(last: u32) -> Vec<u8> {
    let mut bytes = Header::bytes().to_vec();
    for number in 1..=last {
        bytes.extend_from_slice(&to_bytes(&entry(number)));
    }
    bytes
}

fn read(bytes: &[u8]) -> (Vec<Entry>, Replayed) {
    let mut entries = Vec::new();
    let replayed = replay(bytes, |entry| entries.push(entry));
    (entries, replayed)
}

fn all(last: u32) -> Vec<Entry> {
    (1..=last).map(entry).collect()
}

/// Writes `bytes` as the journal of a fresh directory and opens it.
fn opened(tree: &Tree, bytes: &[u8]) -> Opened {
    tree.file(FILE_NAME, bytes);
    open(&tree.path(""))
}

/// What another start finds.
fn reopened(tree: &Tree) -> Vec<Entry> {
    let opened = open(&tree.path(""));
    assert_eq!(opened.warnings, [""; 0]);
    opened.states.in_order()
}

fn names(tree: &Tree) -> Vec<String> {
    let entries = fs::read_dir(tree.path("")).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn an_entry_has_these_bytes() {
    let entry = Entry {
        content: 0x1122_3344_5566_7788,
        object: ObjectId::from_value(0xa1a2_a3a4_a5a6_a7a8),
        state: State {
            position_ms: 754_000,
            play_count: 3,
            changed_secs: 1_700_000_000,
        },
        change: 9,
    };
    let body = [
        0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, // content
        0xa8, 0xa7, 0xa6, 0xa5, 0xa4, 0xa3, 0xa2, 0xa1, // object
        0x50, 0x81, 0x0b, 0x00, // position, ms
        3, 0, 0, 0, // play count
        0x00, 0xf1, 0x53, 0x65, 0, 0, 0, 0, // last change
        9, 0, 0, 0, // number of the change
    ];
    let bytes = to_bytes(&entry);
    assert_eq!(bytes[..2], [36, 0]);
    assert_eq!(bytes[10..], body);
    assert_eq!(from_bytes(&bytes), Some((entry, 46)));
    // Kept for years.
    let sum = xxh3_64(&[&[36, 0], &body[..]].concat());
    assert_eq!(bytes[2..10], sum.to_le_bytes());
}

#[test]
fn every_prefix_loses_only_the_entry_that_is_cut() {
    let whole = journal(5);
    for end in 0..=whole.len() {
        let (entries, replayed) = read(&whole[..end]);
        let left = end.saturating_sub(HEADER_BYTES) / 46;
        assert_eq!(entries, all(left.try_into().unwrap()), "{end}");
        assert_eq!(replayed.skipped, 0, "{end}");
        assert_eq!(replayed.end, (HEADER_BYTES + left * 46).min(end));
    }
}

#[test]
fn every_flipped_bit_costs_at_most_its_own_entry() {
    let whole = journal(5);
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let (entries, replayed) = read(&bytes);
        let mut expected = all(5);
        if let Some(hit) = (bit / 8).checked_sub(HEADER_BYTES) {
            expected.remove(hit / 46);
            assert_eq!(Header::read(&bytes), Header::Good);
        } else {
            assert_eq!(Header::read(&bytes), Header::Damaged, "{bit}");
        }
        assert_eq!(entries, expected, "{bit}");
        let is_last = bit / 8 >= whole.len() - 46;
        let is_entry = bit / 8 >= HEADER_BYTES;
        assert_eq!(replayed.skipped, if is_entry && !is_last { 46 } else { 0 });
    }
}

#[test]
fn lying_lengths_and_noise_are_passed_over() {
    let good = to_bytes(&entry(1));
    for (name, noise) in [
        ("nothing", vec![]),
        ("a length past the end", vec![0xff, 0xff]),
        ("a long body", vec![255, 0, 1, 2, 3]),
        ("a short body", [&[35, 0], &good[2..]].concat()),
        ("zeros", vec![0; 4096]),
        ("ones", vec![0xff; 4096]),
        ("half an entry", good[..20].to_vec()),
        ("a page of lengths", [36, 0].repeat(2048)),
    ] {
        let bytes = [&Header::bytes()[..], &noise, &good, &noise].concat();
        let (entries, replayed) = read(&bytes);
        assert_eq!(entries, [entry(1)], "{name}");
        assert_eq!(replayed.end, HEADER_BYTES + noise.len() + 46, "{name}");
        assert!(replayed.skipped >= noise.len(), "{name}");
    }
}

#[test]
fn a_longer_body_of_a_later_release_is_read_as_far_as_it_is_known() {
    let mut body = to_bytes(&entry(1))[LEAD_BYTES..].to_vec();
    body.extend_from_slice(b"more");
    let len = 40_u16.to_le_bytes();
    let bytes = [&len[..], &checksum_of(len, &body).to_le_bytes(), &body].concat();
    assert_eq!(from_bytes(&bytes), Some((entry(1), 50)));
}

#[test]
fn what_is_kept_is_there_at_the_next_start() {
    let tree = Tree::new("journal");
    let dir = tree.path("not/yet/made");
    let mut opened = open(&dir);
    assert!(opened.warnings.is_empty() && opened.states.is_empty());
    for number in 1..=20 {
        opened.journal.keep(&entry(number), &opened.states).unwrap();
        opened.states.put(entry(number));
        let again = open(&dir);
        assert_eq!(again.warnings, [""; 0]);
        assert_eq!(again.states.in_order(), all(number));
        assert_eq!(again.states.changes(), number);
        if number % 7 == 0 {
            opened = again;
        }
    }
    assert_eq!(
        fs::metadata(dir.join(FILE_NAME)).unwrap().len(),
        24 + 20 * 46
    );
}

#[test]
fn a_torn_entry_is_cut_off_without_a_word() {
    let whole = journal(3);
    for (name, tail) in [
        ("half an entry", to_bytes(&entry(4))[..45].to_vec()),
        ("one byte", vec![36]),
        ("zeros where bytes did not arrive", vec![0; 8192]),
    ] {
        let tree = Tree::new("torn");
        let mut opened = opened(&tree, &[&whole[..], &tail].concat());
        assert_eq!(opened.warnings, [""; 0], "{name}");
        assert_eq!(opened.states.in_order(), all(3));
        assert_eq!(fs::read(tree.path(FILE_NAME)).unwrap(), whole, "{name}");
        opened.journal.keep(&entry(4), &opened.states).unwrap();
        assert_eq!(fs::read(tree.path(FILE_NAME)).unwrap(), journal(4));
    }
}

#[test]
fn a_damaged_journal_is_mended_and_the_evidence_kept() {
    let mut bytes = journal(5);
    bytes[HEADER_BYTES + 46 + 20] ^= 1;
    let tree = Tree::new("damaged");
    let opened_once = opened(&tree, &bytes);
    assert_eq!(opened_once.warnings.len(), 2, "{:?}", opened_once.warnings);
    let mut left = all(5);
    left.remove(1);
    assert_eq!(opened_once.states.in_order(), left);
    assert_eq!(fs::read(tree.path("journal.damaged")).unwrap(), bytes);
    assert_eq!(reopened(&tree), left);
    // The next damage does not write over the first.
    assert_eq!(opened(&tree, b"noise").warnings.len(), 2);
    assert_eq!(
        names(&tree),
        ["journal", "journal.damaged", "journal.damaged.2"]
    );
    assert_eq!(reopened(&tree), []);
}

#[test]
fn a_damaged_header_loses_nothing() {
    let mut bytes = journal(5);
    bytes[9] = 1; // another version, were it not for the checksum
    let tree = Tree::new("header");
    assert_eq!(opened(&tree, &bytes).states.in_order(), all(5));
    assert_eq!(reopened(&tree), all(5));
}

#[test]
fn a_newer_journal_is_set_aside_and_not_written_over() {
    let mut newer = journal(5);
    newer[8] = 2;
    let checksum = xxh3_64(&newer[..16]);
    newer[16..24].copy_from_slice(&checksum.to_le_bytes());
    let tree = Tree::new("newer");
    for name in ["journal.newer", "journal.newer.2"] {
        let mut opened = opened(&tree, &newer);
        assert_eq!(opened.warnings.len(), 2);
        assert!(opened.states.is_empty());
        opened.journal.keep(&entry(1), &opened.states).unwrap();
        assert_eq!(fs::read(tree.path(name)).unwrap(), newer);
    }
    assert_eq!(reopened(&tree), [entry(1)]);
}

#[test]
fn a_grown_journal_is_written_anew_with_what_still_counts() {
    let change = |number| Entry {
        change: number,
        ..entry(number % 3 + 1)
    };
    let mut bytes = Header::bytes().to_vec();
    (1..=1000).for_each(|number| bytes.extend_from_slice(&to_bytes(&change(number))));
    let tree = Tree::new("grown");
    let mut opened = opened(&tree, &bytes);
    let mut largest = 0;
    for number in 1001..=1040 {
        let entry = change(number);
        opened.journal.keep(&entry, &opened.states).unwrap();
        opened.states.put(entry);
        largest = largest.max(opened.journal.len);
    }
    assert!(opened.journal.len < 40 * ENTRY_BYTES);
    let most = 24 + (SLACK + 5 * 3 + 1) * ENTRY_BYTES;
    assert!(largest <= most && largest > SLACK * ENTRY_BYTES);
    assert_eq!(reopened(&tree), opened.states.in_order());
    assert_eq!(open(&tree.path("")).states.changes(), 1040);
    assert_eq!(names(&tree), ["journal"]);
}

#[test]
fn a_failing_disk_keeps_nothing_and_recovers() {
    let tree = Tree::new("failing");
    let dir = tree.path("state");
    let mut opened = open(&dir);
    opened.journal.keep(&entry(1), &opened.states).unwrap();
    opened.states.put(entry(1));
    // A directory cannot be opened as a file, a full one cannot be renamed over, and there is no room for a copy.
    fs::rename(dir.join(FILE_NAME), tree.path("away")).unwrap();
    fs::create_dir_all(dir.join(FILE_NAME).join("x")).unwrap();
    opened.journal.file = None;
    for _ in 0..3 {
        assert!(opened.journal.keep(&entry(2), &opened.states).is_err());
    }
    assert!(!dir.join(TEMPORARY_NAME).exists());
    fs::remove_dir_all(dir.join(FILE_NAME)).unwrap();
    opened.journal.keep(&entry(2), &opened.states).unwrap();
    assert_eq!(open(&dir).states.in_order(), all(2));
}

#[test]
fn a_journal_that_somebody_removed_or_changed_is_written_anew() {
    let tree = Tree::new("removed");
    let mut opened = open(&tree.path(""));
    for (number, spoil) in (1..).zip([
        (|path| fs::remove_file(path).unwrap()) as fn(PathBuf),
        |path| fs::write(path, b"short").unwrap(),
        |path| {
            File::options()
                .write(true)
                .open(path)
                .unwrap()
                .set_len(9999)
                .unwrap();
        },
    ]) {
        opened.journal.keep(&entry(number), &opened.states).unwrap();
        opened.states.put(entry(number));
        spoil(tree.path(FILE_NAME));
    }
    opened.journal.keep(&entry(4), &opened.states).unwrap();
    assert_eq!(reopened(&tree), all(4));
}

#[test]
fn an_unreadable_journal_is_not_written_over() {
    let tree = Tree::new("unreadable");
    fs::create_dir_all(tree.path("journal")).unwrap();
    let mut opened = open(&tree.path(""));
    assert_eq!(opened.warnings.len(), 2);
    opened.journal.keep(&entry(1), &opened.states).unwrap();
    assert_eq!(names(&tree), ["journal", "journal.unreadable"]);
}
