use std::path::PathBuf;

use super::*;

/// 2026-01-01T00:00:00Z, a year (31,536,000 s) after our epoch.
const NEW_YEAR: u64 = 1_767_225_600;
const YEAR_SECS: u32 = 31_536_000;

/// A folder name that is free, and the folder gone after the test.
struct State(PathBuf);

impl State {
    fn new(name: &str) -> Self {
        let name = format!("rill-identity-{}-{name}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    /// A state folder that cannot be made: a file stands where its parent would be. (Permissions would not stop
    /// a test that runs as root.)
    fn unwritable(name: &str) -> Self {
        let state = Self::new(name);
        fs::write(&state.0, "").unwrap();
        state
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }
}

impl Drop for State {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn the_first_start_makes_and_keeps_a_udn() {
    let state = State::new("first");
    let dir = state.0.join("made/too");
    let first = open(&dir, None, &[], NEW_YEAR);
    assert_eq!(first.udn.get_version_num(), 4);
    assert_eq!(first.boot_id, YEAR_SECS);
    assert!(first.warnings.is_empty(), "{:?}", first.warnings);
    let text = fs::read_to_string(dir.join("identity")).unwrap();
    let expected = format!("rill identity 1\nudn {}\nboot 31536000\n", first.udn);
    assert_eq!(text, expected);
    assert!(!dir.join("identity.new").exists());

    let second = open(&dir, None, &[], NEW_YEAR + 7200);
    assert_eq!(second.udn, first.udn);
    assert_eq!(second.boot_id, YEAR_SECS + 7200);
}

#[test]
fn boot_id_grows_whatever_the_clock_says() {
    for (last, unix_secs, expected) in [
        (0, 0, BOOT_STEP),
        (0, NEW_YEAR, YEAR_SECS),
        (YEAR_SECS, NEW_YEAR, YEAR_SECS + BOOT_STEP),
        (YEAR_SECS, 0, YEAR_SECS + BOOT_STEP),
        (5, u64::MAX, 5 + BOOT_STEP),
        (0x7fff_ffff, NEW_YEAR, 1),
        (u32::MAX, NEW_YEAR, 1),
    ] {
        assert_eq!(next_boot(last, unix_secs), expected, "{last} {unix_secs}");
    }
}

#[test]
fn a_given_uuid_wins_and_the_kept_one_stays() {
    let state = State::new("given");
    let own = open(&state.0, None, &[], NEW_YEAR).udn;
    let given = Uuid::from_u128(7);
    assert_eq!(open(&state.0, Some(given), &[], NEW_YEAR).udn, given);
    assert_eq!(open(&state.0, None, &[], NEW_YEAR).udn, own);
}

#[test]
fn what_is_written_reads_back() {
    let (udn, boot_id) = (Uuid::from_u128(42), 99);
    let kept = parse(to_text(udn, boot_id).as_bytes());
    let expected = Kept {
        udn: Some(udn),
        boot_id,
        damaged: false,
    };
    assert_eq!(kept, expected);
}

#[test]
fn every_prefix_of_the_file_is_damaged() {
    let text = to_text(Uuid::from_u128(42), 99);
    for end in 0..text.len() {
        assert!(parse(&text.as_bytes()[..end]).damaged, "{end}");
    }
}

#[test]
fn a_damaged_file_is_set_aside_and_a_whole_udn_in_it_is_kept() {
    let state = State::new("damaged");
    fs::create_dir_all(&state.0).unwrap();
    let path = state.0.join("identity");

    fs::write(&path, [0xff, 0x00, 0x0a]).unwrap();
    let fresh = open(&state.0, None, &[], NEW_YEAR);
    assert_eq!(
        fs::read(state.0.join("identity.damaged")).unwrap(),
        [0xff, 0x00, 0x0a]
    );
    assert_eq!(fresh.warnings.len(), 1);
    assert!(
        fresh.warnings[0].contains("makes a new one"),
        "{:?}",
        fresh.warnings
    );

    let cut = state
        .file("identity")
        .split_once("boot")
        .unwrap()
        .0
        .to_owned();
    fs::write(&path, &cut).unwrap();
    let kept = open(&state.0, None, &[], NEW_YEAR);
    assert_eq!(kept.udn, fresh.udn);
    assert!(kept.warnings[0].contains("is kept"), "{:?}", kept.warnings);
    assert!(!parse(state.file("identity").as_bytes()).damaged);
}

#[test]
fn a_huge_file_is_not_read_whole() {
    let state = State::new("huge");
    fs::create_dir_all(&state.0).unwrap();
    let file = File::create(state.0.join("identity")).unwrap();
    file.set_len(1 << 40).unwrap();
    assert_eq!(open(&state.0, None, &[], NEW_YEAR).warnings.len(), 1);
}

#[test]
fn without_a_state_folder_the_machine_names_the_server() {
    let state = State::unwritable("machine");
    let machine = State::unwritable("machine-id");
    fs::write(&machine.0, "b08dfa6083e7567a1921a715000001fb\n").unwrap();
    let ids = ["/nonexistent", machine.0.to_str().unwrap()];
    let first = open(&state.0, None, &ids, NEW_YEAR);
    let second = open(&state.0, None, &ids, NEW_YEAR + 60);
    assert_eq!(first.udn, second.udn);
    assert_eq!(first.udn.get_version_num(), 8);
    assert!(second.boot_id > first.boot_id);
    // Reading fails with "not a directory", writing too: both are said, and nothing else.
    assert!(first.warnings.iter().any(|w| w.contains("RILL_STATE_DIR")));
    assert!(!first.udn.simple().to_string().contains("b08dfa60"));
}

#[test]
fn without_anything_the_udn_is_new_and_that_is_said() {
    let state = State::unwritable("nothing");
    let blank = State::unwritable("blank");
    for nameless in ["", "uninitialized\n", "00:00:00:00:00:00\n", "short"] {
        fs::write(&blank.0, nameless).unwrap();
        let identity = open(&state.0, None, &[blank.0.to_str().unwrap()], NEW_YEAR);
        assert_eq!(identity.udn.get_version_num(), 4, "{nameless}");
        let last = identity.warnings.last().unwrap();
        assert_eq!(last, "televisions will see a new server after each start");
    }
}
