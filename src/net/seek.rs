//! Times in files: the index is read by a reader, for it may have to wait for the disk.

use std::{fs::File, sync::Arc};

use crate::service::media::Wanted;

/// Finds the bytes of the time that is wanted of `file`, of `len` bytes, if one is.
pub(super) async fn find(mut wanted: Wanted, file: &Arc<File>, len: u64) -> Wanted {
    if wanted.time.is_none() {
        return wanted;
    }
    let file = Arc::clone(file);
    blocking::unblock(move || {
        wanted.look_for_the_time(&*file, len);
        wanted
    })
    .await
}
