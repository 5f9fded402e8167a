//! rill: a DLNA / UPnP AV media server.
//!
//! # The house: five floors and a cellar
//!
//! ```text
//!    main · cli · config · identity · json             the front door: thin
//!    scan_report · control_point · confinement
//!    net/         waits: sockets, loop, timers, sending             ┐
//!    service/     answers: request in, response out                 │  sys/, the cellar:
//!    catalogue/   remembers: walk, scan, snapshot, query            │  the only unsafe; small
//!    media/       understands files: formats, tags, DLNA profiles   │  safe functions over
//!    wire/        understands messages: HTTP, SSDP, SOAP, DIDL, DNS ┘  system calls
//! ```
//!
//! Each floor uses only what is below it (`tests/layers.rs` keeps that law). `wire/` and `service/` do no I/O
//! and never ask the time; `media/` reads only through the [`media::reader::Reader`] it is handed.
//!
//! # The two flows
//!
//! A request goes out along the top line and comes home along the bottom one:
//!
//! ```text
//!  socket ─► net/listener ─► net/connection ─► wire/http/request ─► service/route ─► service/<handler>
//!  socket ◄─ net/send ◄───── wire/http/response ◄──────────────── Response { head, body } ◄─┘
//! ```
//!
//! A file goes one way only:
//!
//! ```text
//!  disk ─► catalogue/walk ─► media/probe ─► media/container/* ─► catalogue/record ─► catalogue/writer ─┐
//!  renderer ◄─ wire/didl ◄─ service/content_directory ◄─ catalogue/query ◄─ catalogue/snapshot ◄─ rename
//! ```
//!
//! They meet in exactly one place, the snapshot file. What people do with items goes its own way, from `service/user_state`
//! by `net/user_state` to `catalogue/journal`, and is answered once it is on the disk.
//!
//! # Words
//!
//! The standards' own: *object*, *item*, *container*, *res*, *control point*, *renderer*, *action*, UDN, USN, NT,
//! NTS, ST, MX. A *peer* is a bare TCP or UDP address. *Walk* is of directories, *probe* of one file's bytes, *scan*
//! the whole pass; a *record* is one stored object, a *snapshot* one finished file of them, the *catalogue* the subject.

pub mod catalogue;
pub mod cli;
pub mod config;
pub mod confinement;
pub mod control_point;
pub mod identity;
pub mod json;
pub mod limits;
pub mod media;
pub mod net;
pub mod scan_report;
pub mod service;
pub mod sys;
pub mod wire;
