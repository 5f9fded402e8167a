//! Each reader that `build/fuzz` searches, with its seed and some hundred inputs made of it: cut, torn and put together
//! otherwise, the same ones in every run. So the targets always build, and what is plainly wrong shows without a search.

#![allow(
    clippy::expect_used,
    reason = "a failed expectation in a test is a failed test"
)]

// The targets as the fuzzer has them.
#[path = "../build/fuzz/src/targets.rs"]
mod targets;

use std::{collections::BTreeSet, fs, path::Path};

use targets::Target;

/// Inputs made of each seed.
const INPUTS: u32 = 300;
/// Inputs made of each sample.
const INPUTS_OF_SAMPLE: u32 = 40;
/// Samples longer than this are left to the fuzzer.
const SAMPLE_BYTES: u64 = 16 * 1024;

/// Numbers that look random (xorshift).
struct Dice(u32);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize % end.max(1)
    }

    fn spoil(&mut self, seed: &[u8]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            match self.below(6) {
                0 => bytes.truncate(at),
                1 => bytes.extend_from_slice(&seed[at.min(seed.len())..]),
                2 => drop(bytes.drain(at..(at + 4).min(bytes.len()))),
                3 => bytes.splice(at..at, [0xFF; 5]).for_each(drop),
                _ => {
                    let value = [0, 1, 0x7F, 0x80, 0xFF, b'"', b'<', b'\n'][self.below(8)];
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte = value;
                    }
                }
            }
        }
        bytes
    }
}

fn read(name: &str, seed: &[u8], inputs: u32) {
    let target = Target::named(name);
    target.read(seed);
    let mut dice = Dice(0x1234_5678);
    for _ in 0..inputs {
        target.read(&dice.spoil(seed));
    }
}

/// The targets that `build/fuzz/run` knows by this name.
fn known(list: &str) -> BTreeSet<String> {
    let script = include_str!("../build/fuzz/run");
    let begin = format!("\n{list}='");
    let rest = script.split_once(&begin).expect("a list of targets").1;
    let names = rest.split('\'').next().unwrap_or_default();
    names.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn seeds_and_what_is_made_of_them_are_read() {
    let readers = known("readers");
    let mut seeded = BTreeSet::new();
    for entry in fs::read_dir("build/fuzz/seeds").expect("seeds") {
        let path = entry.expect("a seed").path();
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        assert!(readers.contains(&name), "{name} is no reader");
        read(&name, &fs::read(path).expect("a seed"), INPUTS);
        seeded.insert(name);
    }
    // These begin with samples, or with a catalogue that a scan makes.
    let others: Vec<_> = readers.difference(&seeded).map(String::as_str).collect();
    assert_eq!(others, ["cover", "picture", "snapshot"]);
}

#[test]
fn samples_and_what_is_made_of_them_are_read() {
    let shared = std::env::var("RILL_SHARED").unwrap_or_else(|_| "../shared".into());
    let Ok(samples) = fs::read_dir(Path::new(&shared).join("media-samples")) else {
        eprintln!("SKIPPED: there are no samples; RILL_SHARED says where they are");
        return;
    };
    let mut paths: Vec<_> = samples.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let mut done = 0;
    for path in paths {
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        let is_small = path
            .metadata()
            .is_ok_and(|of| of.is_file() && of.len() <= SAMPLE_BYTES);
        if is_small && !matches!(&*extension, "json" | "md" | "") {
            read(
                &extension.to_ascii_lowercase(),
                &fs::read(&path).expect("a sample"),
                INPUTS_OF_SAMPLE,
            );
            done += 1;
        }
    }
    assert!(done > 50, "{done} samples");
}
