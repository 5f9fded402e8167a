//! Every fixed capacity in rill: its value, its unit, why it is so, and what happens when it is reached.
//!
//! A peer, a file or a directory can make rill use at most what stands here.

use std::time::Duration;

// ---- HTTP, receiving ------------------------------------------------------------------------

/// Bytes of one request head, request line included. Beyond it: 431.
pub const HEAD_BYTES: usize = 8 * 1024;
/// Bytes of a request target. Ours are short; real control points stay below 300. Beyond it: 414.
pub const TARGET_BYTES: usize = 4 * 1024;
/// Header fields in one request. Real control points send at most 20. Beyond it: 431.
pub const HEADER_FIELDS: usize = 64;
/// Bytes of a SOAP body, decoded. The longest real one is under 2 KiB. Beyond it: 413.
pub const SOAP_BODY_BYTES: usize = 64 * 1024;
/// Bytes of chunk extensions and trailers in one chunked body, all together; they are thrown away, and no real
/// control point sends any. Beyond it: 400.
pub const CHUNK_OVERHEAD_BYTES: usize = 8 * 1024;
/// Element depth in a SOAP body. A real one has 4 levels. Beyond it: 400.
pub const XML_DEPTH: usize = 32;
/// Attributes of one element in a SOAP body, and namespaces in scope. A real one has 3. Beyond it: 400.
pub const XML_ATTRIBUTES: usize = 64;
/// Arguments of one action. The longest real one has 8. Beyond it: 402.
pub const SOAP_ARGUMENTS: usize = 16;
/// Tags in one list of `UpdateObject`. Kodi sends 3. Beyond it: 402.
pub const TAG_VALUES: usize = 32;
/// Keys of one `SortCriteria`. The longest real one has 4, a thorough one all that is advertised. Beyond it: UPnP error
/// 709.
pub const SORT_KEYS: usize = 16;
/// Comparisons in one `SearchCriteria`. The longest real one has 10. Beyond it: UPnP error 708.
pub const SEARCH_TERMS: usize = 64;
/// Parentheses within each other in one `SearchCriteria`. Real ones have 3. Beyond it: UPnP error 708.
pub const SEARCH_DEPTH: usize = 16;
/// Objects in one reply to Search, and what it holds of each while it is sent is 8 bytes. More matches are counted and
/// can be asked for by `StartingIndex` (ContentDirectory:1 §2.7.5 lets a reply be shorter than was asked for).
pub const SEARCH_PAGE: u32 = 100_000;
/// Searches that look through the catalogue at once; others wait for their turn. A sorted one may meanwhile hold 8 bytes
/// for each match, one in a folder or a view a bit for each object.
pub const SEARCHES: usize = 4;
/// Requests of one connection that are answered in one turn, if they came together. The next ones wait for the others.
pub const REQUESTS_PER_TURN: usize = 16;
/// Time from the first byte of a request to the end of its head. Beyond it: 408 and close.
pub const HEAD_TIME: Duration = Duration::from_secs(10);
/// Time from the end of the head to the end of the body. Beyond it: 408 and close.
pub const BODY_TIME: Duration = Duration::from_secs(10);
/// Time a kept connection may say nothing between two requests. Beyond it: closed.
pub const IDLE_TIME: Duration = Duration::from_secs(30);
/// Time a peer may take no byte of a reply that is not media. Beyond it: closed.
/// (A paused renderer may stop reading media for hours; TCP keep-alive finds the dead ones.)
pub const REPLY_STALL_TIME: Duration = Duration::from_secs(30);
/// Connections open at once: 2,048, and those that are kept for [`KNOWN_PEERS`]. Beyond it: accepted, answered 503 and closed.
pub const CONNECTIONS: usize = 2048 + KNOWN_PEERS * KEPT_PER_KNOWN_PEER;
/// Connections open at once from one peer address, and never more than a quarter of all. Beyond it: accepted, answered 503
/// and closed.
pub const CONNECTIONS_PER_PEER: usize = 256;
/// Addresses remembered because they browsed or played. A house has a dozen. Beyond it: the one that did so longest ago is
/// forgotten.
pub const KNOWN_PEERS: usize = 32;
/// Connections kept for each of them, out of [`CONNECTIONS`] and never more than a quarter of all: a television that plays
/// asks for the next picture on another one. Beyond it: as everybody else.
pub const KEPT_PER_KNOWN_PEER: usize = 4;
/// Bodies longer than [`SMALL_BODY_BYTES`] received at once: 4 MiB. Beyond it: 503.
pub const LARGE_BODIES: usize = 64;
/// Bytes of a body that needs no permission: twice the longest real one.
pub const SMALL_BODY_BYTES: usize = 4 * 1024;
/// File descriptors never used for connections: SSDP, timers, the scanner, the snapshot, the state directory, events
/// under way ([`EVENTS_UNDER_WAY`]).
pub const RESERVED_DESCRIPTORS: usize = 96;
/// Time open streams are given to end after SIGTERM.
pub const STOP_TIME: Duration = Duration::from_secs(3);

// ---- HTTP, answering ------------------------------------------------------------------------

/// Bytes of the header fields a handler may set in one reply. More is a bug: the field is left out.
pub const REPLY_FIELDS_BYTES: usize = 1024;
/// Ranges honoured in one Range header. A request for more is answered with the whole, 200
/// (RFC 9110 §14.2 lets a server ignore Range).
pub const RANGES: usize = 16;
/// Bytes of a connection's buffer, which it holds while it receives a request or sends an answer. One that has to grow
/// does so within [`HEAD_BYTES`] and [`SOAP_BODY_BYTES`].
pub const BUFFER_BYTES: usize = 8 * 1024;
/// Buffers kept for the next request: as many as are needed at once when all is quick. More are freed.
pub const FREE_BUFFERS: usize = 16;
/// Time between two looks for peers that are late: so much later than promised they are noticed.
pub const SWEEP_TIME: Duration = Duration::from_secs(1);
/// Time for which a connection keeps the file it was sent last, to send another part of it without a reader.
pub const KEPT_FILE_TIME: Duration = Duration::from_secs(1);
/// Bytes of one turn of sendfile: whoever browses waits for one turn of one stream.
pub const SEND_SLICE_BYTES: usize = 512 * 1024;
/// The same while nobody but streams has asked for anything lately: fewer turns wake their readers less often.
pub const QUIET_SLICE_BYTES: usize = 2 * 1024 * 1024;
/// Streams up to which each sends whole segments alone (`TCP_CORK`). Beyond it: only what is no longer than a window does, as
/// many long ones are slower with it.
pub const CORK_STREAMS: u64 = 8;
/// Bytes of a film mapped at once where sendfile is refused: small enough for a 32-bit address space.
pub const MAP_WINDOW_BYTES: usize = 16 * 1024 * 1024;
/// Bytes ahead of the play position that a reader brings into memory at once, at most: a large request is what a disk does
/// best.
pub const WARM_WINDOW_BYTES: u64 = 4 * 1024 * 1024;
/// The same at least, and at the begin of each stream, which shall not wait for more than it needs.
pub const WARM_WINDOW_LEAST_BYTES: u64 = 256 * 1024;
/// The part of the machine's memory that the windows of all streams may have together: one in this many bytes. More
/// would push out what is still to be sent.
pub const WARM_SHARE: u64 = 8;
/// Play time that a window should hold: so long a disk may sleep between two requests.
pub const WARM_TIME: Duration = Duration::from_secs(2);
/// Time for which what was brought into memory is believed to be there still, where the file system does not say. Beyond it: it
/// is brought once more, which is quick if it is.
pub const WARM_TRUST_TIME: Duration = Duration::from_secs(5);
/// Bytes of a file that is kept elsewhere (a server, FUSE) which one stream holds at once: they are read by a reader and sent
/// from memory.
pub const COPY_BYTES: u64 = 256 * 1024;
/// The same of all such streams together; each has [`COPY_LEAST_BYTES`] at least.
pub const COPY_ALL_BYTES: u64 = 8 * 1024 * 1024;
/// The same for each of very many: 2,176 connections would hold 34 MiB.
pub const COPY_LEAST_BYTES: u64 = 16 * 1024;
/// Bytes of generated XML gathered before they are sent.
pub const XML_CHUNK_BYTES: usize = 32 * 1024;
/// Threads of the readers lane, which open files and bring the next window of a stream.
pub const READERS: usize = 16;
/// Readers at work at once on one disk, so that one that does not answer leaves the others theirs. Beyond it: the next wait
/// for one of them.
pub const READERS_PER_DISK: usize = 4;
/// Bytes of a reader's stack: four paths of [`PATH_BYTES`] and room to spare.
pub const READER_STACK_BYTES: usize = 128 * 1024;
/// Threads for what is rare and may wait for a disk too: keeping user state, small pictures, closing files. They come when
/// work does and go when there is none; one disk has [`READERS_PER_DISK`] of them at most.
pub const HELPERS: usize = 16;
/// Disks whose helpers are counted; one that nobody reads is not remembered. Beyond it: they share one row.
pub const DISKS: usize = 64;
/// Time for a disk to open a file, or to bring one stretch of it: one that was asleep needs 10 seconds to be up to speed.
/// Beyond it: 503, or the stream ends.
pub const DISK_TIME: Duration = Duration::from_secs(30);

/// Addresses whose devices are remembered. Beyond it: the one that was here least lately is forgotten.
pub const DEVICES_SEEN: usize = 256;
/// Time for which a device is remembered by its address, from its last request on: longer than a night, shorter than
/// addresses are given out anew.
pub const DEVICE_MEMORY: Duration = Duration::from_secs(24 * 60 * 60);
/// Devices of which the last requests and replies are kept. Beyond it: those of the one that was here least lately are
/// forgotten. With the bounds that follow about 520 KiB in all, once so many have been here; a device has its share from
/// its first request on.
pub const RECORDED_DEVICES: usize = 16;
/// Bytes kept of what a device said to find and choose something, and of the replies: five pages of a listing. Beyond it:
/// the oldest are forgotten.
pub const RECORDED_TALK_BYTES: usize = 24 * 1024;
/// Bytes kept of what it said to fetch something: eight requests and replies, bodies left out. Beyond it: the same.
pub const RECORDED_FETCH_BYTES: usize = 6 * 1024;
/// Requests kept of either kind. Beyond it: the same.
pub const RECORDED_EXCHANGES: usize = 32;
/// Bytes kept of one head. Real ones stay below 700. Beyond it: cut, and the number told.
pub const RECORDED_HEAD_BYTES: usize = 1024;
/// Bytes kept of a SOAP body that was received. Beyond it: the same.
pub const RECORDED_REQUEST_BYTES: usize = 1536;
/// Bytes kept of a SOAP body that was sent: an item with all that it has. Beyond it: the same.
pub const RECORDED_REPLY_BYTES: usize = 3 * 1024;
/// Bytes of the text in which `rill doctor` gets all that is kept of a device: each byte may be told by its number.
/// Beyond it: not believed.
pub const EXCHANGES_BYTES: usize = 512 * 1024;
/// Renderers whose descriptions are read within [`RENDERER_TIME`]. Beyond it: not read, and they are known by their
/// requests alone.
pub const RENDERERS: usize = 64;
/// Time between two questions to one renderer.
pub const RENDERER_TIME: Duration = Duration::from_secs(60 * 60);
/// Renderers that wait to be asked. Beyond it: dropped until their next announcement but one.
pub const RENDERERS_WAITING: usize = 8;
/// Rows of `RILL_DEVICES`. More: refused at the start.
pub const DEVICE_ROWS: usize = 64;

// ---- SSDP ------------------------------------------------------------------------------------

/// Bytes of a datagram that is looked at. A legal search has under 300.
pub const DATAGRAM_BYTES: usize = 2048;
/// Bytes of an SSDP message rill sends; some control points read no more (upnpclient). Longer: not sent.
pub const SSDP_MESSAGE_BYTES: usize = 1024;
/// Bytes of the SERVER field. Beyond it: cut.
pub const SERVER_BYTES: usize = 200;
/// Bytes of a search target kept for the status page. Beyond it: cut at a character.
pub const SHOWN_TARGET_BYTES: usize = 64;
/// Searches waiting for their answers, `ssdp:all` counted once. Beyond it: the search is dropped, UDP style.
pub const PENDING_ANSWERS: usize = 64;
/// Sources whose search rate is remembered; the longest unused is forgotten first.
pub const SEARCH_SOURCES: usize = 64;
/// Searches of one source answered at once.
pub const SEARCH_BURST: u32 = 128;
/// Searches of one source answered per second after a burst.
pub const SEARCHES_PER_SECOND: u32 = 32;
/// Bytes per second of all answers to searches together, after a burst. An `ssdp:all` of 100 bytes is answered with
/// about 2500, and its source may be forged: whoever floods rill with searches gets at most this much to where he points,
/// whatever he sends. A house full of control points that all start at once needs less. Beyond it: not answered.
pub const ANSWER_BYTES_PER_SECOND: u32 = 32 * 1024;
/// Bytes of answers that may leave at once: about 100 searches for everything.
pub const ANSWER_BURST_BYTES: u32 = 256 * 1024;
/// Interfaces of which the last search is kept for the status page. Beyond it: that of the longest silent one is
/// forgotten.
pub const SHOWN_SEARCHES: usize = 8;
/// Addresses announced at once. Beyond it: left out, and a warning.
pub const INTERFACES: usize = 32;
/// Longest spread of answers, seconds (UDA 1.1 §1.3.3: MX above 5 is taken as 5).
pub const MX_SECS: u32 = 5;

// ---- eventing --------------------------------------------------------------------------------

/// Subscriptions at once. A house has a dozen control points with three each. Beyond it: 503.
pub const SUBSCRIPTIONS: usize = 256;
/// Subscriptions at once from one address, which may be a computer with several control points. Beyond it the oldest
/// of the same callback gives way; without one: 503.
pub const SUBSCRIPTIONS_PER_PEER: usize = 24;
/// Subscriptions kept for each address that browsed or played ([`KNOWN_PEERS`]), one for each service: out of
/// [`SUBSCRIPTIONS_RESERVED`]. Beyond it: as everybody else.
pub const KEPT_SUBSCRIPTIONS_PER_KNOWN_PEER: usize = 3;
/// Of [`SUBSCRIPTIONS`], those that only such addresses get: a quarter. Strangers: 503 where only these are left.
pub const SUBSCRIPTIONS_RESERVED: usize = SUBSCRIPTIONS / 4;
/// Callback URLs kept of one subscription. More are ignored.
pub const CALLBACKS: usize = 4;
/// Bytes of a callback URL. Real ones stay below 100. A longer one is not taken.
pub const CALLBACK_URL_BYTES: usize = 512;
/// Shortest time granted to a subscription, seconds: so short that a renewal costs nothing worth counting.
pub const SHORTEST_SUBSCRIPTION_SECS: u64 = 300;
/// Longest time granted to a subscription, seconds, also where `infinite` or nothing is asked for: half an hour is what
/// UDA 1.1 §4.1.2 advises, and a control point that was switched off is remembered no longer.
pub const LONGEST_SUBSCRIPTION_SECS: u64 = 1800;
/// Changed containers told in one event. Beyond it the list is left out: `SystemUpdateID` alone says that anything may
/// have changed, where a list that was cut would say that the rest has not.
pub const CHANGED_CONTAINERS: usize = 64;
/// Events being sent at once, a socket each. Beyond it the next ones wait for one of them to end.
pub const EVENTS_UNDER_WAY: usize = 32;
/// Events being sent at once to one address, so that one which takes none cannot hold back the others.
pub const EVENTS_UNDER_WAY_PER_PEER: usize = 4;
/// Time for one callback URL to take the connection. It is in the same building. Beyond it: the next URL.
pub const EVENT_CONNECT_TIME: Duration = Duration::from_secs(5);
/// Time for one event in all, shared out among its URLs, answers included (UDA 1.1 §4.3.2 gives a subscriber 30
/// seconds). Beyond it: that event has failed.
pub const EVENT_TIME: Duration = Duration::from_secs(30);
/// Events that fail one after the other before the subscription is dropped.
pub const EVENT_FAILURES: u8 = 3;
/// Bytes of a subscriber's answer that are looked at for its status line.
pub const EVENT_ANSWER_BYTES: usize = 512;
// ---- multicast DNS ---------------------------------------------------------------------------

/// Bytes of a multicast DNS message that is looked at (RFC 6762 §17). A longer one is dropped.
pub const DNS_MESSAGE_BYTES: usize = 9000;
/// Bytes of a multicast DNS message rill sends: one Ethernet frame of IPv6. What does not fit is left out.
pub const DNS_SENT_BYTES: usize = 1440;
/// Questions of one message that are looked at. Real ones have under 20. Beyond it: not answered.
pub const DNS_QUESTIONS: usize = 64;
/// Records of one message that are looked at; 9000 bytes of known answers have about 300. Beyond it: not seen.
pub const DNS_RECORDS: usize = 512;
/// Askers whose answers wait, by unicast or because they know more. Beyond it: their query is dropped.
pub const DNS_PENDING: usize = 32;
/// Bytes of the questions of a legacy query, which its answer repeats. Beyond it: not answered.
pub const DNS_LEGACY_QUESTION_BYTES: usize = 512;
/// Addresses of one interface that are told. Beyond it: left out.
pub const DNS_ADDRESSES: usize = 8;
/// Datagrams of our own that are remembered until they come back by the loop. Forgotten ones are read like any other.
pub const DNS_OWN_DATAGRAMS: usize = 64;
/// Types of services browsed for at once. Beyond it: not asked for.
pub const BROWSED_TYPES: usize = 64;
/// Records remembered while browsing. Beyond it: new ones are dropped until old ones expire.
pub const BROWSED_RECORDS: usize = 512;
/// Bytes of the data of one record remembered while browsing; TXT data are seldom above 400. Longer: not remembered.
pub const BROWSED_DATA_BYTES: usize = 1300;
/// Longest time a record is remembered while browsing, whatever its sender asks for.
pub const BROWSED_TTL: Duration = Duration::from_secs(2 * 60 * 60);
// ---- the control point: discover, ls, doctor --------------------------------------------------

/// Devices in the table of what is on the network. Beyond it: ignored, and the number told.
pub const DEVICES: usize = 256;
/// Services of multicast DNS in that table, beside the devices. Beyond it: ignored, and the number told.
pub const SERVICES: usize = 256;
/// Devices of one address, so that one liar does not fill the table. Beyond it: ignored, and the number told.
pub const DEVICES_PER_PEER: usize = 16;
/// UUIDs remembered of one device and the devices inside it. Beyond it: the rest is not known to be its.
pub const DEVICE_UUIDS: usize = 8;
/// Descriptions fetched at once. Beyond it: they wait.
pub const FETCHES: usize = 8;
/// Time for a connection to another server.
pub const FETCH_CONNECT_TIME: Duration = Duration::from_secs(3);
/// Time for a whole description. Beyond it: the device is listed without.
pub const DESCRIPTION_TIME: Duration = Duration::from_secs(3);
/// Bytes of a description. Real ones stay below 20 KiB. Beyond it: the device is listed without.
pub const DESCRIPTION_BYTES: usize = 256 * 1024;
/// Bytes of the status of the rill that runs on the same machine. It stays below 2 KiB. Beyond it: not believed.
pub const STATUS_BYTES: usize = 16 * 1024;
/// Objects asked for at once. Small servers need seconds for more.
pub const BROWSE_PAGE: u32 = 200;
/// Time for one page. A server that reads its disk first takes long.
pub const BROWSE_TIME: Duration = Duration::from_secs(30);
/// Bytes of one page. Beyond it: the listing ends with an error.
pub const BROWSE_BYTES: usize = 16 * 1024 * 1024;
/// Objects listed by one command. Beyond it: it stops and says so.
pub const LISTED_OBJECTS: usize = 1_000_000;
/// Depth of a recursive listing. Beyond it: containers are listed, and not what is in them.
pub const LISTED_DEPTH: usize = 64;

// ---- the page for people ------------------------------------------------------------------------

/// Pages that follow how things are at once, a connection each. Beyond it: 503, and the page asks for itself now and then.
pub const LISTENERS: usize = 64;
/// Time between two looks at how things are while anybody follows.
pub const LOOK_PERIOD: Duration = Duration::from_secs(1);
/// Time after which a listener to whom nothing was to be told is sent an empty line, so that it is noticed if it has gone.
pub const LISTENER_SIGN_OF_LIFE: Duration = Duration::from_secs(15);
/// Time a listener may take nothing of one event. Beyond it: dropped; the page connects anew.
pub const LISTENER_STALL_TIME: Duration = Duration::from_secs(10);
/// Devices of [`DEVICES_SEEN`] that are shown. Beyond it: the longest silent ones are not.
pub const SHOWN_DEVICES: usize = 48;
/// Bytes of a `User-Agent` that are shown. Beyond it: cut at a character.
pub const SHOWN_AGENT_BYTES: usize = 128;
/// Streams shown one by one. Beyond it: counted only.
pub const SHOWN_STREAMS: usize = 64;

// ---- pictures and captions -------------------------------------------------------------------

/// Small pictures waiting to be made. Beyond it: 503 with Retry-After.
pub const PICTURES_WAITING: usize = 64;
/// Time from the request for a small picture to its answer: all that may wait for their turn, on a small board. Beyond it:
/// 503 with Retry-After; it is made all the same, and kept.
pub const PICTURE_TIME: Duration = Duration::from_secs(120);
/// Small pictures that could not be made and are not listed any more. Beyond it: the one that was asked for first is listed
/// again, and answered with 404.
pub const UNMADE_PICTURES: usize = 256;
/// Bytes of finished small pictures kept in the state directory; the oldest go first.
pub const ART_BYTES: u64 = 64 * 1024 * 1024;
/// Subtitle files told of one item. More are found by nobody.
pub const CAPTIONS: usize = 8;
/// Bytes of a subtitle file that is converted to UTF-8 on the way out. A longer one goes out as it is.
pub const CAPTION_BYTES: u64 = 2 * 1024 * 1024;

// ---- files and the catalogue -----------------------------------------------------------------

/// Directory depth below a root. Beyond it: skipped and named in the report.
pub const DEPTH: usize = 64;
/// Bytes of a path. The kernel's own bound (`PATH_MAX`).
pub const PATH_BYTES: usize = 4096;
/// Objects in a catalogue. Beyond it: the rest is skipped and named in the report.
pub const OBJECTS: usize = 4_000_000;
/// Subtitle files in one folder, counted once for each video they belong to. Beyond it: the rest is left out.
pub const FOLDER_CAPTIONS: usize = 1_000_000;
/// Entries of all playlists together. Beyond it: the rest of the playlists is skipped and named in the report.
pub const PLAYLIST_ENTRIES: usize = 1_000_000;
/// Streams in all playlists together, which are kept in memory between scans. Beyond it: the rest is left out and named
/// in the report.
pub const STREAMS: usize = 20_000;
/// Bytes of the URL of a stream. What DLNA allows a URI to have (DLNA Guidelines part 1-1). Beyond it: left out.
pub const STREAM_URL_BYTES: usize = 1024;
/// Items whose resume position and play count are kept. Beyond it: the longest untouched is forgotten.
pub const USER_STATES: usize = 10_000;
/// Items shown as being in progress. Beyond it: the oldest are not shown there.
pub const IN_PROGRESS: usize = 200;
/// Bytes of the journal that are read. It is rewritten long before it has grown so far. Beyond it: as damaged.
pub const JOURNAL_BYTES: u64 = 8 * 1024 * 1024;
/// Bytes read from one file to understand it.
pub const PROBE_BYTES: u64 = 8 * 1024 * 1024;
/// Bytes read from one file to find one time in it: an index of ten hours of film has half as many. Beyond it: 406.
pub const SEEK_BYTES: u64 = 16 * 1024 * 1024;
/// Bytes of an XMP packet in a picture that are read. A segment of JPEG, which most come in, holds no more. Beyond it: not seen.
pub const XMP_BYTES: u64 = 64 * 1024;
/// Nested elements (boxes, chunks) in a media file.
pub const PROBE_DEPTH: u32 = 16;
/// Bytes of one text property (title, artist ...), as stored. Beyond it: cut at a character.
pub const TEXT_BYTES: usize = 1024;
/// Skipped files remembered by name for the scan report; all are counted.
pub const REPORTED_SKIPS: usize = 1000;

// ---- small pictures --------------------------------------------------------------------------

/// Bytes of a picture that is made smaller. A telephone's largest stay below 30 MiB. Beyond it: refused.
pub const PICTURE_BYTES: u64 = 48 * 1024 * 1024;
/// Bytes of a cover that has to be taken out of an Ogg file in memory ([`crate::media::art::packed`]). Beyond it: no cover.
pub const PACKED_ART_BYTES: u64 = 2 * 1024 * 1024;
/// Pixels of a picture that is made smaller. Beyond it: refused.
pub const PICTURE_PIXELS: u64 = 100_000_000;
/// Bytes that one picture may take in memory while it is read, where its coding must be held whole (WebP); PNG and JPEG
/// are read by rows or in a reduced size and stay far below. Beyond it: refused.
pub const PICTURE_MEMORY: u64 = 32 * 1024 * 1024;
/// Scans of one JPEG. Encoders make 10, seldom 14. Beyond it: refused.
pub const JPEG_SCANS: u32 = 64;
