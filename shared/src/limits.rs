//! Every limit in one place: its unit, its value, why, and what happens when it is reached.

use std::time::Duration;

/// Bytes of one update from a client, 8 MiB. A målbild of a hundred pages is far below it. A larger one
/// is refused by its number, not closed upon, or it would come again for ever; over twice as much
/// the server does not read, and closes.
pub const MESSAGE_BYTES: usize = 8 * 1024 * 1024;

/// UTF-16 code units in a title, 200: two lines on the wall. A longer one is answered with 422 when a
/// målbild is made, and cut by the title field of the page.
pub const TITLE_UNITS: usize = 200;

/// Bytes of one presence state, 4 KiB: a name, a colour and a caret need 300. A larger one is ignored.
pub const PRESENCE_BYTES: usize = 4 * 1024;

/// How long a presence that is not renewed is shown: y-protocols' own 30 s.
pub const PRESENCE_EXPIRY: Duration = Duration::from_secs(30);

/// How often a client renews its presence: half its expiry, as y-protocols does.
pub const PRESENCE_RENEWAL: Duration = Duration::from_secs(15);
const _: () = assert!(PRESENCE_RENEWAL.as_secs() < PRESENCE_EXPIRY.as_secs());

/// A connection that heard nothing for this long gets an empty presence message: `y-websocket`
/// reconnects after 30 s of silence, and CONTRACT promises something at least every 15 s.
pub const SILENCE: Duration = Duration::from_secs(12);

/// Characters of a person's or an organisation's name that are shown, 80. The rest is cut.
pub const NAME_CHARS: usize = 80;

/// The first value that is no client id: JavaScript's numbers are exact below 2^53.
pub const CLIENT_ID_END: u64 = 1 << 53;

/// The largest `indent` of a line; more is shown as this.
pub const INDENT_MAX: u8 = 8;

/// The largest `header` of a line.
pub const HEADER_MAX: u8 = 3;
