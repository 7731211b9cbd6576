//! What a server asked of the kernel, in order, as `strace` wrote it down: calls with their bytes, and
//! the WebSocket frames in what went to each socket. It does not know what the order should be.
//!
//! The order is one of cause: `strace` holds a thread at the beginning and at the end of each call, so
//! what a thread does because of an ended call stands behind that end.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

/// All calls that were traced, in the order in which they began.
#[derive(Debug)]
pub struct Trace {
    /// The calls.
    pub calls: Vec<Call>,
}

/// One call of the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// `fsync`, `pwrite64`, ...
    pub name: String,
    /// The path of the file, or `socket:[inode]`.
    pub on: String,
    /// What was given to be written.
    pub bytes: Vec<u8>,
    /// The strings among the arguments: paths, or each buffer of what was given to be written.
    pub strings: Vec<Vec<u8>>,
    /// The last argument, where it is a number: the offset of a write at one, the length of a cut.
    pub number: Option<u64>,
    /// Whether a file is made if it is not there.
    pub creates: bool,
    /// What the kernel answered; none when it never did.
    pub result: Option<i64>,
    /// The line of its beginning.
    pub begun: usize,
    /// The line of its end; the same when nothing came between.
    pub ended: usize,
}

/// A frame that went to a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What is in it.
    pub payload: Vec<u8>,
    /// The line on which the call began that carried its first byte.
    pub begun: usize,
}

/// One WebSocket, as the server filled it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Connection {
    /// Whether it was upgraded to the project's own subprotocol.
    pub own: bool,
    /// Its binary frames.
    pub frames: Vec<Frame>,
}

/// The words before a command that have it traced into a file. The command keeps its own process, so a
/// signal to it reaches it.
#[must_use]
pub fn before_command(file: &Path) -> Vec<OsString> {
    tracing_into(file, "fsync,fdatasync,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg")
}

/// The same, for all that makes files what they are.
#[must_use]
pub fn before_command_on_files(file: &Path) -> Vec<OsString> {
    tracing_into(
        file,
        "fsync,fdatasync,write,pwrite64,ftruncate,openat,rename,renameat,renameat2,unlink,unlinkat,mkdir",
    )
}

fn tracing_into(file: &Path, calls: &str) -> Vec<OsString> {
    let calls = &format!("trace={calls}");
    let mut words: Vec<OsString> =
        ["strace", "-D", "-f", "-y", "-qq", "-xx", "-s", "1048576", "-e", calls, "-o"]
            .map(OsString::from)
            .into();
    words.push(file.into());
    words
}

/// Why nothing can be traced here, if so.
pub async fn why_not() -> Option<String> {
    let trial = Command::new("strace").args(["-o", "/dev/null", "true"]).stdin(Stdio::null()).output().await;
    match trial {
        Err(error) => Some(format!("strace cannot be run: {error}")),
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(format!("strace may not trace: {}", String::from_utf8_lossy(&output.stderr))),
    }
}

impl Trace {
    /// Reads what `strace` wrote.
    ///
    /// # Errors
    /// When a line is not as expected, or bytes were cut.
    pub fn read(text: &str) -> Result<Self> {
        let mut calls: Vec<Call> = Vec::new();
        // The call of each thread that has not ended, by its index.
        let mut open: BTreeMap<&str, usize> = BTreeMap::new();
        for (line, whole) in text.lines().enumerate() {
            let read = || format!("line {}: {whole:.200}", line + 1);
            let (thread, rest) = whole.split_once(' ').with_context(read)?;
            let rest = rest.trim_start();
            if rest.starts_with("+++") || rest.starts_with("---") {
                continue;
            }
            if rest.starts_with("<... ") {
                let call = &mut calls[open.remove(thread).with_context(read)?];
                call.result = result_of(rest);
                call.ended = line;
                continue;
            }
            let unfinished = rest.ends_with("<unfinished ...>");
            let (name, arguments) = rest.split_once('(').with_context(read)?;
            let result = if unfinished { None } else { result_of(rest) };
            if unfinished {
                open.insert(thread, calls.len());
            }
            // A descriptor that is not open stands without a path.
            let first = arguments.split([',', ')', ' ']).next().unwrap_or_default();
            let on = first.split(['<', '>']).nth(1).unwrap_or_default();
            let strings = strings_in(arguments).with_context(read)?;
            calls.push(Call {
                name: name.to_owned(),
                on: String::from_utf8(unescaped(on).with_context(read)?)?,
                bytes: strings.concat(),
                strings,
                number: number_of(arguments),
                creates: arguments.contains("O_CREAT"),
                result,
                begun: line,
                ended: if unfinished { usize::MAX } else { line },
            });
        }
        Ok(Self { calls })
    }

    /// Whether `strace` has written all: the end of the process's first thread, which is the last.
    #[must_use]
    pub fn is_whole(text: &str, process: u32) -> bool {
        let process = process.to_string();
        text.lines().any(|line| line.split_whitespace().take(2).eq([process.as_str(), "+++"]))
    }

    /// The first call that wrote these bytes into a file whose path ends so.
    #[must_use]
    pub fn written(&self, file: &str, bytes: &[u8]) -> Option<&Call> {
        self.calls.iter().find(|call| {
            call.name.contains("write") && is_at(call, file) && position_of(bytes, &call.bytes).is_some()
        })
    }

    /// The first sync of a file whose path ends so that began when `after` had ended, and that did well.
    #[must_use]
    pub fn synced(&self, file: &str, after: &Call) -> Option<&Call> {
        self.calls.iter().find(|call| is_sync(call) && is_at(call, file) && call.begun > after.ended)
    }

    /// Whether this path was ever synced.
    #[must_use]
    pub fn is_ever_synced(&self, path: &str) -> bool {
        self.calls.iter().any(|call| is_sync(call) && call.on == path)
    }

    /// The WebSockets, in the order in which they were upgraded.
    ///
    /// # Errors
    /// When a frame is masked or reserved bits are set, which no server sends.
    pub fn connections(&self) -> Result<Vec<Connection>> {
        let mut streams: Vec<(&str, Stream)> = Vec::new();
        for call in self.calls.iter().filter(|call| call.on.starts_with("socket:")) {
            let Ok(sent) = usize::try_from(call.result.unwrap_or(0)) else { continue };
            let index = match streams.iter().position(|(on, _)| *on == call.on) {
                Some(index) => index,
                None => {
                    streams.push((&call.on, Stream::default()));
                    streams.len() - 1
                }
            };
            streams[index].1.push(&call.bytes[..sent.min(call.bytes.len())], call.begun);
        }
        streams.iter().filter_map(|(_, stream)| stream.connection().transpose()).collect()
    }
}

/// What went to one socket, and on which line each piece began.
#[derive(Debug, Default)]
struct Stream {
    bytes: Vec<u8>,
    pieces: BTreeMap<usize, usize>,
}

impl Stream {
    fn push(&mut self, bytes: &[u8], begun: usize) {
        if !bytes.is_empty() {
            self.pieces.insert(self.bytes.len(), begun);
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// The WebSocket that this is, if it is one.
    fn connection(&self) -> Result<Option<Connection>> {
        let Some(upgrade) = position_of(b"HTTP/1.1 101", &self.bytes) else { return Ok(None) };
        let Some(length) = position_of(b"\r\n\r\n", &self.bytes[upgrade..]) else { return Ok(None) };
        let mut at = upgrade + length + 4;
        let head = String::from_utf8_lossy(&self.bytes[upgrade..at]).to_ascii_lowercase();
        let mut connection =
            Connection { own: head.contains("sec-websocket-protocol: samsyn.v1"), frames: Vec::new() };
        // A frame that was cut by the end of the server is none.
        while let Some((kind, start, end)) = frame_at(&self.bytes, at)? {
            let Some(payload) = self.bytes.get(start..end) else { break };
            if kind == 2 {
                let begun = self.pieces.range(..=at).next_back().context("the first piece begins at 0")?;
                connection.frames.push(Frame { payload: payload.to_vec(), begun: *begun.1 });
            }
            at = end;
        }
        Ok(Some(connection))
    }
}

/// A frame's opcode, and where its payload begins and ends.
fn frame_at(bytes: &[u8], at: usize) -> Result<Option<(u8, usize, usize)>> {
    let number = |start: usize, length: usize| {
        let digits = bytes.get(start..start + length)?;
        Some(digits.iter().fold(0, |number, digit| number << 8 | usize::from(*digit)))
    };
    let (Some(first), Some(second)) = (bytes.get(at), bytes.get(at + 1)) else { return Ok(None) };
    ensure!(first & 0xf0 == 0x80 && second & 0x80 == 0, "no frame of a server: {first:#x} {second:#x}");
    let (start, length) = match second {
        126 => (at + 4, number(at + 2, 2)),
        127 => (at + 10, number(at + 2, 8)),
        short => (at + 2, Some(usize::from(*short))),
    };
    Ok(length.map(|length| (first & 0x0f, start, start + length)))
}

/// Whether the kernel put a file on the disk, and said so.
fn is_sync(call: &Call) -> bool {
    ["fsync", "fdatasync"].contains(&call.name.as_str()) && call.result == Some(0)
}

fn is_at(call: &Call, file: &str) -> bool {
    Path::new(&call.on).ends_with(file)
}

fn position_of(wanted: &[u8], bytes: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// What stands behind the last `=`; nothing for a call that the process's end cut off.
fn result_of(rest: &str) -> Option<i64> {
    rest.rsplit_once("= ")?.1.split([' ', '<']).next()?.parse().ok()
}

/// The last argument, if it is a number.
fn number_of(arguments: &str) -> Option<u64> {
    let behind = arguments.rsplit_once('"').map_or(arguments, |(_, behind)| behind);
    let inside = behind
        .split([')', '<'])
        .next()
        .filter(|_| behind != arguments)
        .or_else(|| arguments.split(')').next())?;
    // Behind it, a call that had not ended yet says so.
    inside.rsplit(", ").next()?.split(" <").next()?.trim().parse().ok()
}

/// All strings among the arguments: what a vector of buffers holds too.
fn strings_in(arguments: &str) -> Result<Vec<Vec<u8>>> {
    let mut strings = Vec::new();
    let mut pieces = arguments.split('"');
    pieces.next();
    while let (Some(string), Some(behind)) = (pieces.next(), pieces.next()) {
        ensure!(!behind.starts_with("..."), "a string was cut");
        strings.push(unescaped(string)?);
    }
    Ok(strings)
}

/// `\x41\x42` as bytes; anything else as it stands.
fn unescaped(text: &str) -> Result<Vec<u8>> {
    let Some(digits) = text.strip_prefix("\\x") else { return Ok(text.as_bytes().to_vec()) };
    digits.split("\\x").map(|pair| Ok(u8::from_str_radix(pair, 16)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"7 pwrite64(11<\x2f\x73\x6c\x65\x64\x2f\x64\x62>, "\x61\x62", 2, 0 <unfinished ...>
8 fsync(12<\x2f\x73\x6c\x65\x64\x2f\x64\x62> <unfinished ...>
7 <... pwrite64 resumed>)           = 2
8 <... fsync resumed>)              = 0
8 fsync(12<\x2f\x73\x6c\x65\x64\x2f\x64\x62>) = -1 ENOSPC (No space left on device)
8 fsync(12<\x2f\x73\x6c\x65\x64\x2f\x64\x62>) = 0
7 --- SIGCHLD {} ---
9 fsync(12<\x2f\x73\x6c\x65\x64\x2f\x64\x62> <unfinished ...>
9 +++ killed by SIGKILL +++"#;

    #[test]
    fn a_sync_counts_when_it_began_after_the_write_had_ended_and_did_well() {
        let trace = Trace::read(TEXT).unwrap();
        let write = trace.written("sled/db", b"b").unwrap();
        assert_eq!((write.begun, write.ended, write.result), (0, 2, Some(2)));
        assert_eq!(trace.synced("sled/db", write).unwrap().begun, 5);
        assert_eq!(trace.written("db2", b"b"), None);
        assert_eq!(trace.calls.last().unwrap().result, None);
    }

    #[test]
    fn a_cut_that_had_not_ended_yet_has_its_length() {
        let trace = Trace::read("7 ftruncate(11<\\x2f>, 3670016 <unfinished ...>\n").unwrap();
        assert_eq!(trace.calls[0].number, Some(3_670_016));
    }

    #[test]
    fn a_frame_is_said_when_its_first_byte_is_given_to_the_kernel() {
        let mut stream = Stream::default();
        stream.push(b"HTTP/1.1 101 Switching\r\nSec-WebSocket-Protocol: samsyn.v1\r\n\r\n\x82", 3);
        stream.push(b"\x02\x66\x05\x89\x00\x82\x7e\x00\x01a\x82\x09", 7);
        let frame = |payload: &[u8], begun| Frame { payload: payload.to_vec(), begun };
        let expected = Connection { own: true, frames: vec![frame(b"\x66\x05", 3), frame(b"a", 7)] };
        assert_eq!(stream.connection().unwrap(), Some(expected));
    }

    #[test]
    fn a_trace_is_whole_when_the_first_thread_has_ended() {
        assert!(Trace::is_whole(TEXT, 9));
        assert!(!Trace::is_whole(TEXT, 7) && !Trace::is_whole("19 +++", 9));
    }

    #[test]
    fn what_was_cut_is_not_taken_for_the_whole() {
        assert!(Trace::read(r#"7 write(1<\x61>, "\x61"..., 2) = 2"#).is_err());
    }
}
