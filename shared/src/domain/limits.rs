//! Every limit in one place: its unit, its value, why, and what happens when it is reached.

use std::time::Duration;

// ── What is written ──

/// Bytes of one update from a client, 8 MiB. A målbild of a hundred pages is far below it. A larger one
/// is refused by its number, not closed upon, or it would come again for ever; over [`READ_BYTES`]
/// the server does not read, and closes.
pub const MESSAGE_BYTES: usize = 8 * 1024 * 1024;

/// Bytes of a message around its update, at most, 64: a type, a number, a length. Not reached.
pub const ENVELOPE_BYTES: usize = 64;

/// Bytes of the largest WebSocket message that is read at all, twice [`MESSAGE_BYTES`], so that what is
/// somewhat too large is refused by its number. More closes the connection with 4413, unread.
pub const READ_BYTES: usize = 2 * MESSAGE_BYTES;

/// Bytes of a document as one update, 8 MiB: loading it takes some ten times that in memory, on every device, and a
/// device that has all of it can hand it back as one message. A write that would bring it over this is refused with
/// `document-full`.
pub const DOCUMENT_BYTES: usize = MESSAGE_BYTES;

/// Client ids in a document, 20,000: each page load that writes is one, so a hundred people write in it every
/// working day for most of a year. A write that would bring more is refused with `document-full`.
pub const DOCUMENT_CLIENTS: usize = 20_000;

/// Blocks in a document, deleted ones too, 150,000: what is typed in one go is one block. Each takes some 200 bytes
/// and a microsecond at every opening, and a block whose neighbours are far apart makes yrs look at all that are
/// between them. A write that would bring more is refused with `document-full`.
pub const DOCUMENT_BLOCKS: usize = 150_000;

/// Deleted ranges in a document, 150,000. A write that would bring more blocks into one that has as many is refused
/// with `document-full`; deleting goes on.
pub const DOCUMENT_RANGES: usize = 150_000;

/// CPU time that opening a document takes on the server, 1 s. A browser takes two or three times as much, which is more than
/// the second in which it is to open; but fifty people who wrote at one place through a hundred restarts reached 260 ms with
/// 3,169 blocks, and words that people write go first. A write that brings blocks into one that takes longer is refused with `document-full`.
pub const DOCUMENT_OPENING: Duration = Duration::from_secs(1);

/// CPU time by which opening a document may have grown, as far as the numbers of blocks tell, before heavy writes wait until
/// that is measured, 500 ms: each new block looks at all others, in the worst case. Light ones wait from four times as much on.
pub const UNWEIGHED: Duration = Duration::from_millis(500);

/// Clients, blocks, deleted ranges and values in one update, or clients in one state vector, a million:
/// yrs takes some 200 bytes for each, however few it has on the wire. An update with more is refused with
/// `invalid`; a vector closes the connection with 4400. All that a document may hold is far below.
pub const UPDATE_ITEMS: usize = 1_000_000;
const _: () = assert!(UPDATE_ITEMS > 2 * (DOCUMENT_CLIENTS + DOCUMENT_BLOCKS + DOCUMENT_RANGES));

/// How deep a value in an update or a presence may be nested, 64: the document has none that is, and whoever
/// reads with recursion survives it. An update with a deeper one is refused with `invalid`.
pub const VALUE_DEPTH: usize = 64;

/// The first number that no message may hold, 2^53: JavaScript's numbers are exact below it, and npm's lib0
/// throws at it. A message with one closes the connection with 4400.
pub const NUMBER_END: u64 = 1 << 53;

/// The first value that is no client id.
pub const CLIENT_ID_END: u64 = NUMBER_END;

/// UTF-16 code units in a title, 200: two lines on the wall. A longer one is answered with 422 when a
/// målbild is made; the page takes no more.
pub const TITLE_UNITS: usize = 200;

/// The largest `indent` of a line; more is shown as this.
pub const INDENT_MAX: u8 = 8;

/// The largest `header` of a line; more is shown as a paragraph.
pub const HEADER_MAX: u8 = 3;

/// Bytes of the body of an HTTP request, 64 KiB: the API takes a title and a few names. More is answered
/// with 413.
pub const HTTP_BODY_BYTES: usize = 64 * 1024;

/// UTF-16 code units of a text that is pasted or dropped at once, 200,000: some seventy pages, more than any
/// section holds. A browser shows it within a second, and its update is far below [`MESSAGE_BYTES`]. A larger
/// one is not pasted at all, and the page says so.
pub const PASTE_UNITS: u32 = 200_000;

/// UTF-16 code units of a link's address, 2000: as long as browsers and mail take. A longer one is refused in
/// the dialogue; one that is pasted, or that another client wrote, is text.
pub const LINK_UNITS: u32 = 2000;

// ── The journal ──

/// Bytes of an act's identifier, 16 to 64: 96 random bits, or a hash in hexadecimal. Another is answered with 422.
pub const ACT_ID_BYTES: std::ops::RangeInclusive<usize> = 16..=64;

/// UTF-16 code units of a text in an act, 10,000: three pages, more than anybody says of a few words. A longer one is
/// declined with `invalid`.
pub const ACT_TEXT_UNITS: usize = 10_000;

/// UTF-16 code units of the words that an act quotes, 2000: a long paragraph. More is declined with `invalid`.
pub const QUOTE_UNITS: usize = 2000;

/// Units and functions of one actor, 200: a large municipality has some forty. More is declined with `invalid`.
pub const ACTOR_UNITS: usize = 200;

/// Actors of one målbild, 2000: all municipalities, regions and authorities of the country. More is declined with `full`.
pub const ACTORS: usize = 2000;

/// Entries of a journal that are given at once, 1000; who wants more asks for what follows.
pub const JOURNAL_PAGE: usize = 1000;

/// Bytes of entries that are given at once, 1 MiB: a thousand usual ones, or some thirty of the longest. More is asked for
/// as what follows.
pub const JOURNAL_PAGE_BYTES: usize = 1024 * 1024;

/// Entries of a journal, 200,000: a hundred people who say two things each, every working day for four years. More is
/// declined with `full`.
pub const JOURNAL_ENTRIES: u64 = 200_000;

// ── Presence ──

/// Bytes of one presence state, 4 KiB: a name, a colour and a caret need 300. A larger one is ignored.
pub const PRESENCE_BYTES: usize = 4 * 1024;

/// Entries in one presence message, 10,000: stock clients pass on what they know of others. More
/// close the connection with 4400.
pub const PRESENCE_ENTRIES: u64 = 10_000;

/// How long it is remembered that somebody who may write spoke for a client, 10 min: a network that drops comes back.
pub const PRESENCE_KEPT: Duration = Duration::from_secs(600);

/// How far a presence's clock may leap, 2^32: each change moves it by one, and a client's own can't be higher when it
/// comes. One that leaps further is ignored, or nobody could say anything newer after it.
pub const PRESENCE_LEAP: u64 = 1 << 32;

/// How long a presence that is not renewed is shown: y-protocols' own 30 s.
pub const PRESENCE_EXPIRY: Duration = Duration::from_secs(30);

/// How often a client renews its presence: half its expiry, as y-protocols does.
pub const PRESENCE_RENEWAL: Duration = Duration::from_secs(15);
const _: () = assert!(PRESENCE_RENEWAL.as_secs() < PRESENCE_EXPIRY.as_secs());

/// The shortest time between two presence frames to one receiver, 100 ms: a caret that moves smoothly. What
/// comes in between is merged, the latest of each client.
pub const PRESENCE_PACE_MIN: Duration = Duration::from_millis(100);

/// Presence frames a second that one room sends before they come more seldom, counted at each receiver, 2000:
/// as many as text has. Text is never shed for them.
pub const PRESENCE_FRAMES_PER_SECOND: u32 = 2000;

/// States in one presence frame, 64, some 20 kB. Who else moved meanwhile is in the next ones.
pub const PRESENCE_STATES: usize = 64;

/// Characters of a person's or an organisation's name that are shown, 80. The rest is cut.
pub const NAME_CHARS: usize = 80;

// ── Connections ──

/// A connection that heard nothing for this long, 3 s, gets an empty presence message: a page finds a dead
/// link by it, `y-websocket` reconnects after 30 s of silence, a proxy cuts after 60 s.
pub const SILENCE: Duration = Duration::from_secs(3);

/// Bytes of a message to one of our own clients that are sent in one piece, 16 KiB: 5 s over a network of 25
/// kbit/s, so that a page hears something before it thinks its connection dead.
pub const PART_BYTES: usize = 16 * 1024;

/// Bytes that the kernel holds of what is not sent yet over one connection, 32 KiB: more waits in the room's outbox.
/// So a slow connection takes something every few seconds, by which it is told from a dead one.
pub const UNSENT_BYTES: u32 = 32 * 1024;

/// How often the server pings a connection, 4 s.
pub const PING_EVERY: Duration = Duration::from_secs(4);

/// A connection from which nothing came for this long, two pings and some, is closed with 4408.
pub const SILENT: Duration = Duration::from_secs(9);
const _: () = assert!(SILENT.as_secs() > 2 * PING_EVERY.as_secs());

/// How often a page looks whether it heard something, 1 s.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A connection over which a page heard nothing for so long, in which its timers ran, is dead: 8 s. With
/// [`LOOK_EVERY`] it is noticed within ten.
pub const DEAD_AFTER: Duration = Duration::from_secs(8);
const _: () = assert!(DEAD_AFTER.as_secs() > 2 * SILENCE.as_secs());

/// How long a WebSocket may take until something comes over it, 2.5 s. Then the page tries HTTP: who opens a
/// målbild where WebSockets are blocked is in step within 5 s.
pub const WEBSOCKET_ANSWER: Duration = Duration::from_millis(2500);

/// How long a page waits for an answer over HTTP, 30 s: over a network that died without a word a browser would wait for
/// minutes, and the page would say that it opens. Not what is written: that its connection looks after.
pub const REQUEST_ANSWER: Duration = Duration::from_secs(30);

/// How long a page goes by HTTP alone once that worked and a WebSocket did not, 5 min. A connection that is made
/// later than that is tried as a WebSocket first.
pub const WEBSOCKET_AGAIN: Duration = Duration::from_secs(300);

/// A page that goes by HTTP answers what it hears when its last request was made so long ago, 2 s. It hears
/// something every [`SILENCE`], and a tick of the room.
pub const ANSWER_EVERY: Duration = Duration::from_secs(2);
const _: () = assert!(
    SILENT.as_secs()
        > ANSWER_EVERY.as_secs() + SILENCE.as_secs() + ROOM_TICK.as_secs() + ANSWER.as_secs() - 1
);

/// Bytes of a body that a browser sends also when the page is gone meanwhile, 60 KiB: it takes 64 KiB of them at
/// a time. A larger one ends with the page.
pub const KEPT_ALIVE_BYTES: usize = 60 * 1024;

/// How often a page compares what it holds with what the room holds, 1 min; and once it has joined.
pub const COMPARE_EVERY: Duration = Duration::from_secs(60);

/// How long the server may take to answer a page that has reason to doubt it, 3 s.
pub const ANSWER: Duration = Duration::from_secs(3);

/// Bytes of the body of one request that carries messages over HTTP, 16 MiB and some: what one WebSocket message
/// may have. More is answered with 413, and closes the connection with 4413.
pub const POST_BYTES: usize = READ_BYTES + ENVELOPE_BYTES;

/// How long a request's line and headers may take from their first byte, 10 s, and a new connection to send them.
/// Then it is cut: any network brings a few hundred bytes in that time, and who does not send them holds a place.
pub const HEAD_TIME: Duration = Duration::from_secs(10);

/// Bytes of a request's line and headers, 16 KiB: a browser sends one or two. More is answered with 431. Also the most
/// that is read or written at once for a request.
pub const HEAD_BYTES: usize = 16 * 1024;

/// How long a connection without a request is kept for the next one, 75 s: somewhat longer than a reverse proxy keeps
/// those of its pool (60 s), so that it is the proxy that closes. Then it is cut.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// How long the next [`BODY_PACE_BYTES`] of a request's body may take, 10 s: a connection over which nothing comes for
/// about so long is dead elsewhere, too. Then it is cut.
pub const BODY_PACE: Duration = Duration::from_secs(10);

/// Bytes of a request's body that must come in each [`BODY_PACE`] unless it ends, 2 KiB: a tenth of what a network of
/// 25 kbit/s brings.
pub const BODY_PACE_BYTES: usize = 2 * 1024;

/// Bytes of unfinished messages and request bodies in the whole process, 64 MiB: four of the largest. Counted as they
/// come, with the space that waits for more. Beyond it whoever holds most is closed with 4429, or answered with 429.
pub const UNFINISHED_BYTES: usize = 4 * READ_BYTES;

/// How long after a session's new key was first seen another trade that still shows the old one shares with it, 10 s:
/// two tabs that trade at once are answered within it, also on a bad network. Then the old key is unknown.
pub const SESSION_HANDOVER: Duration = Duration::from_secs(10);

/// Keys that share what one had, at most, 32: so many tabs of one browser may trade at the same moment. Each more begins with
/// what it shows alone. Without a bound each trade would cost as much as all before it.
pub const SESSION_KEYS: usize = 32;

/// How long a trade may show the old key while the new one was never seen, a day: the answer that held it was lost with
/// the network, and the browser knows no other. Then the old key is unknown.
pub const SESSION_UNSEEN: Duration = Duration::from_secs(24 * 60 * 60);

/// How long the last words of a closing connection may take, 2 s. Then it is cut.
pub const FAREWELL: Duration = Duration::from_secs(2);

/// How often a connection is asked for what its updates lacked, at most once a second. What lacks more in
/// between is asked for together.
pub const STEP1_EVERY: Duration = Duration::from_secs(1);

/// Bytes of numbered updates with a gap that are remembered for one connection, 1 MiB. Beyond it the
/// connection is closed with 4429 and starts over.
pub const GAP_BYTES: usize = 1024 * 1024;

/// Bytes of frames that wait for one connection, 8 MiB: a minute and more of a busy room. The first, which is
/// on its way, isn't counted, nor is one alone behind it: the answer to a step 1 is a whole document, larger
/// than this perhaps. What doesn't fit closes the connection with 4429, and it resyncs.
pub const OUTBOX_BYTES: usize = 8 * 1024 * 1024;

// ── The device ──

/// How long what others write may wait before it is kept on this device, 2 s: the server has it. After so long a
/// device that could not keep something is tried again, too.
pub const DEVICE_LOG_EVERY: Duration = Duration::from_secs(2);

/// Records in a målbild's log on this device after which one replaces them, 100: reading them takes some
/// milliseconds.
pub const DEVICE_LOG_RECORDS: usize = 100;

/// Bytes of a målbild's log on this device after which one record replaces it, 1 MiB, or as many as the last such
/// record had, if that is more: so that a byte is written twice, on average.
pub const DEVICE_LOG_BYTES: usize = 1024 * 1024;

/// How long the page waits for what this device holds before it opens without it, 2 s.
pub const DEVICE_PATIENCE: Duration = Duration::from_secs(2);

// ── Rooms ──

/// Commands that wait for one room beside what its connections say, 256. Beyond it whoever sends one waits, and the socket with it.
pub const ROOM_INBOX: usize = 256;

/// Bytes of frames over [`SMALL_FRAME`] that wait for one room, all connections together, 32 MiB: twice the largest
/// that is read.
/// Beyond it whoever sends one waits, and the socket with it.
pub const ROOM_INBOX_BYTES: usize = 2 * READ_BYTES;

/// How long a room without connections stays in memory, 60 s: a reload of the page finds it there.
pub const ROOM_IDLE: Duration = Duration::from_secs(60);

/// Bytes of large frames that wait for who reads them, in the whole process, 128 MiB: eight of the largest documents. All
/// who ask for the same share them. Beyond it whoever has taken nothing for [`STUCK`] is closed with 4429. Answers over HTTP have a bound of the same
/// size for themselves, beyond which the largest goes.
pub const UNREAD_BYTES: usize = 128 * 1024 * 1024;

/// Bytes from which on an answer is long, 64 KiB: it is worth sharing, and counts while it is written.
pub const LONG_ANSWER: usize = 64 * 1024;

/// How long a connection may take nothing while [`UNREAD_BYTES`] wait, 2 s: on a slow network some kilobytes come through in that.
pub const STUCK: Duration = Duration::from_secs(2);

/// How often a room looks after what nobody asks for, 1 s: presence that expires, connections that hear
/// nothing, questions that are owed.
pub const ROOM_TICK: Duration = Duration::from_secs(1);

/// Updates in a room's log after which a snapshot replaces them, 2000: reading them takes some 100 ms when
/// the room is opened.
pub const LOG_LONG: u64 = 2000;

/// Updates in the log of a room that nobody is in any more, below which no snapshot is made, 20: reading them
/// costs less.
pub const LOG_SHORT: u64 = 20;

/// The longest that a room which is written in goes without a snapshot, 10 min: each is a point in time to
/// which the document can be brought back.
pub const SNAPSHOT_EVERY: Duration = Duration::from_secs(600);

/// The shortest time between two messages with a room's health, 2 s.
pub const HEALTH_EVERY: Duration = Duration::from_secs(2);

/// How far the time on disk may move on before the health is told anew for its sake, in ms: 10 s.
pub const ON_DISK_EVERY_MS: u64 = 10_000;

/// The longest that a frame waits for more to come into it in a room of up to 800, 33 ms: nobody sees it, and a
/// busy room sends thirty frames a second instead of hundreds.
pub const PACE_MAX: Duration = Duration::from_millis(33);

/// Frames a second that one room sends before it begins to pace, counted at each receiver, 1800: about 7 µs
/// of CPU each. 37 people are told every 20 ms, from 60 on every 33 ms.
pub const FRAMES_PER_SECOND: u32 = 1800;

/// Frames a second that one room ever sends, counted at each receiver, 25,000: about a third of a core. A room
/// of a thousand is told every 40 ms.
pub const FRAMES_PER_SECOND_MAX: u32 = 25_000;

/// What one update may cost yrs at most, as far as its bytes tell, to be applied together with those of others,
/// 5 ms. One that may cost more is applied piece by piece, in turns with others.
pub const LIGHT_COST: Duration = Duration::from_millis(5);

/// CPU time after which a room that applies updates lets others go first, 20 ms. A piece of an update is cut so that
/// it can't cost more.
pub const TURN: Duration = Duration::from_millis(20);

/// CPU time that a block or a deleted range may take on average when a write is applied piece by piece, 20 µs: the tests named
/// `honest_…` pass with half of it, without optimisation. What goes beyond it is the document's, which would take as long at every opening: the
/// write that brings it over [`DOCUMENT_OPENING`] is cut off and refused with `document-full`. What of it was applied stays.
pub const BLOCK_COST: Duration = Duration::from_micros(20);

/// CPU time that one write may take beyond what its blocks may, 1 s, also in a document that opens soon all the same: one that
/// is given more work than any honest write makes is cut off and refused with `document-full`. What of it was applied stays.
pub const WRITE_EXCESS: Duration = Duration::from_secs(1);

/// Blocks and deleted ranges that are applied as one change, 4096: yrs' work at the end of a transaction grows with
/// their square.
pub const TURN_ITEMS: usize = 4096;

/// CPU time of one piece of an update after which the connection that sent it is closed with 4429 and counted,
/// 100 ms: the estimate was wrong.
pub const SLOW_PIECE: Duration = Duration::from_millis(100);

/// CPU time that updates took since the last snapshot after which one is made, 100 ms: how long the document takes
/// to open is measured with each.
pub const SNAPSHOT_AFTER_CPU: Duration = Duration::from_millis(100);

/// Client ids that a document got since the last snapshot, after which one is made, 500. What many clients write at
/// one place costs little as it comes and much at every opening.
pub const SNAPSHOT_AFTER_CLIENTS: usize = 500;

/// Bytes of one update of a reader beside twelve for each range that is deleted in the document, 64 KiB: it brings
/// nothing, but a step 2 always says all that is deleted. A larger one is refused unread.
pub const READER_BYTES: usize = 64 * 1024;

/// Bytes that wait for a room of one connection, 2 MiB, or one message, if that is larger. Beyond it this connection
/// alone waits, and its socket with it.
pub const LANE_BYTES: usize = 2 * 1024 * 1024;

/// Bytes of a message that needs no share of [`ROOM_INBOX_BYTES`], 4 KiB: a key, a caret. So nobody's large messages
/// hold up what others type.
pub const SMALL_FRAME: usize = 4 * 1024;

/// Threads for rooms whose work may be heavy, 2, beside those that serve sockets: one takes heavy turns, the other never
/// does.
pub const ROOM_THREADS: usize = 2;

/// Bytes of a document, encoded, up to which its room runs on the threads that serve sockets, 512 KiB: somebody who joins is
/// sent all of it. Encoding took 1.5 ms for 520 kB in ten blocks, 2.3 ms for 179 kB in 20,000, and 11.5 ms for 683 kB in as
/// many. A larger one's room runs on [`ROOM_THREADS`].
pub const LIGHT_DOCUMENT_BYTES: usize = 512 * 1024;

/// Blocks and deleted ranges of a document up to which its room runs there, 20,000; likewise.
pub const LIGHT_DOCUMENT_BLOCKS: usize = 20_000;

/// Bytes of a message up to which it is heard there, 32 KiB: the scan reads all of it.
pub const LIGHT_FRAME: usize = 32 * 1024;

// ── The process ──

/// Connections that wait to be accepted, 4096 (or what the kernel allows, if that is less). One beyond it comes
/// a second late.
pub const BACKLOG: u32 = 4096;

/// File descriptors that are left for the store, its backups and the control socket, 256: some 40 are in use.
/// As many connections fewer are accepted; one beyond them waits in the backlog.
pub const OWN_DESCRIPTORS: u64 = 256;

/// Connections that have shown no link yet, at most, 4096, and at most a quarter of all: a thousand people who open a
/// page at once have about so many for a moment. They are counted over the process, not by address, because one
/// address may be a whole hall. Beyond it the oldest without a whole request is cut.
pub const STRANGERS: usize = 4096;

/// How long nothing is accepted after the system refused to give a connection, 50 ms: something must be closed first.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long the kernel waits for the other side to take anything of what it is sent, 60,000 ms. Then it cuts the
/// connection: some hundred kilobytes of an answer that nobody reads must not wait for ever.
pub const UNREAD_MS: u32 = 60_000;

/// How long open connections are given when the server stops, 5 s. Then they are cut; what was accepted is
/// stored before.
pub const DRAIN: Duration = Duration::from_secs(5);

/// How long the whole end of the process may take after SIGTERM, 20 s, and 5 s more for what is made beside it.
/// Then it ends all the same, says how much was not stored, and its exit status is 1: a disk that answers no
/// more must not keep it for ever, and container runtimes kill after 30 s.
pub const STOP: Duration = Duration::from_secs(20);

/// How long one commit of the store may take until the server calls itself not ready, 5 s: a healthy disk
/// takes some milliseconds, and one that hangs saves nothing while it does.
pub const COMMIT_HANGS: Duration = Duration::from_secs(5);

/// How far the clock may go back until the store follows it, 60 s. By less it stands still instead, so that what
/// is stored is in order by time too.
pub const CLOCK_BACK: Duration = Duration::from_secs(60);

/// The shortest time between two commits of the store while nobody is in a hurry, 30 ms, a little less than
/// [`PACE_MAX`]: a commit costs half a millisecond of CPU, whatever is in it.
pub const COMMIT_PACE: Duration = Duration::from_millis(30);
const _: () = assert!(COMMIT_PACE.as_millis() < PACE_MAX.as_millis());

/// Requests that wait for the thread that writes to the store, 1024. Beyond it rooms wait.
pub const STORE_QUEUE: usize = 1024;

/// Reads of the store that run at once, at most, 4: each has a thread, which costs memory, and the disk is one. What reads
/// the whole store, or computes with it (a backup, a check, a restore), is not counted. Beyond it readers wait.
pub const STORE_READS: usize = 4;

/// Bytes that are written to the store as one commit, 4 MiB. What is beyond goes into the next one.
pub const COMMIT_BYTES: usize = 4 * 1024 * 1024;
