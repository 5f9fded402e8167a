//! The whole program over real sockets: each test makes its own network namespaces, a [`harness::Library`] of tiny
//! media and a running [`harness::Rill`], and talks to it as a control point, a renderer or a nuisance would.
//!
//! Root is needed (or `unshare -Urnm`); what cannot run here is skipped and says why. Variables:
//!
//! * `RILL_BIN`: the program under test; else `target/release/rill`, else the one cargo built.
//! * `RILL_RUNNER`: a program put before it, such as `qemu-arm-static`; deadlines become ten times longer.
//! * `RILL_SLOW`: a factor for deadlines.
//! * `RILL_VENV`: a Python with `tests/requirements.txt` installed; else `target/venv/bin/python`.
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a test is a failed test"
)]

mod harness;

mod art; //       covers, small pictures, subtitles in UTF-8
mod browse; //    the tree: order, pages, filters, faults, hostile names, several roots, stable ids
mod cage; //      rights given up, the watchdog, little memory
mod captions; //  subtitles beside films: every kind, in UTF-8, as each maker wants to be told
mod captures; //  what real clients sent, as captured, in their order
mod clients; //   programs people use: gssdp-discover, VLC, curl, ffprobe, two Python libraries
mod commands; //   the other side: discover, ls, doctor; other servers; liars
mod commands_v6; // the same over IPv6 alone: zones of links, unique local addresses, liars
mod covers; //    covers inside files of every kind: the very bytes, whole and by range
mod devices; //   each kind of device as it asks, and what it gets that others do not
mod discovery; // SSDP: every target, two interfaces, alive, byebye, a shared port
mod events; //    GENA: subscribing, the first event, changes, foreign callbacks, dead subscribers
mod extremes; // clocks that jump, huge folders, bind mounts, long names, disks that fail
mod hostile; //   bad input on every door; after each, the server still answers
mod hostile_crowd; // too many, too slow, too often: who is turned away, and who is not
mod hostile_disk; // bad input from below: links, pipes, permissions, broken media
mod hostile_page; // the page in a browser: names that are markup, a page from elsewhere
mod hostile_soap; // bad input in an action: XML that is none, DTDs, depth, odd arguments
mod hostile_web; // pages from elsewhere: hosts, origins, what is given back
mod interfaces; // the network as it really is: cables, DHCP, IPv6, neighbours on port 1900, floods
mod live; //      a library that changes, disks that come and go, a state directory that fails
mod mdns; //      multicast DNS: added, resolved, removed; beside Avahi
mod page; //      the page for people: in a browser, live status, metrics, subtitles for browsers
mod play; //      media over HTTP: ranges, validators, DLNA headers, offsets past 4 GiB
mod play_live; // media over HTTP while things happen: slow readers, files that shrink or vanish
mod playlists; // playlists: files below the folders and radio, in their order, and nothing from elsewhere
mod profiles; //  DLNA profiles and types, worked out by hand from the rules, of files that ffmpeg makes
mod recorder; //  what a device and rill said lately, by the doctor and on the page
mod restart; //   snapshots: served before the disk is read, rebuilt when damaged, whole after kill -9
mod resume; //    user state: two control points, restarts, moved files, kill -9, a full disk
mod samples; //   real files: listed as the truth about them says, sent whole, their pictures, their reasons
mod scenarios; // every row of the table of devices: what it is told that others are not, to the word
mod search; //    criteria, scope, pages, orders, faults, the habits of known control points
mod search_grammar; // each property by each operator, each order, against a plain evaluation of what is listed
mod stalled; //   a disk that does not answer, fails, is pulled out: everybody else goes on
mod start; //     the command line: help, version, wrong values, a port in use, no folders
mod time_seek; // films and music by time: TimeSeekRange.dlna.org, checked by ffprobe and ffmpeg
mod views; //     what is made of the files' tags: containers, appearances, ids, updates
