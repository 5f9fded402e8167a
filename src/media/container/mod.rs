//! Containers: one file each. `read(&mut Reader<'_>) -> Result<Media, Error>`, and one row in `probe.rs`.
