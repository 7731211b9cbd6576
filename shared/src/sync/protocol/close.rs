//! The closing codes. What brings a connection to its end is a room's or a socket's to decide.

/// Why a WebSocket was closed by the server (RFC 6455, 7.4: 4000 to 4999 are ours).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseCode {
    /// 1001: the server stops; come back.
    GoingAway,
    /// 4400: a frame did not decode.
    Undecodable,
    /// 4403: the token or the session was revoked.
    Revoked,
    /// 4408: nothing was heard from the client.
    Silent,
    /// 4409: what the client holds grew from another epoch of the Document; merging would mix the two.
    OtherEpoch,
    /// 4413: a message over [`crate::domain::limits::READ_BYTES`].
    TooLarge,
    /// 4429: the client reads too slowly; come back and resync.
    Slow,
    /// 4500: the room failed and stops; come back.
    RoomFailed,
}

impl CloseCode {
    /// All of them, by number.
    pub const ALL: [Self; 8] = [
        Self::GoingAway,
        Self::Undecodable,
        Self::Revoked,
        Self::Silent,
        Self::OtherEpoch,
        Self::TooLarge,
        Self::Slow,
        Self::RoomFailed,
    ];

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::GoingAway => 1001,
            Self::Undecodable => 4400,
            Self::Revoked => 4403,
            Self::Silent => 4408,
            Self::OtherEpoch => 4409,
            Self::TooLarge => 4413,
            Self::Slow => 4429,
            Self::RoomFailed => 4500,
        }
    }

    /// Whether what waits for the connection is not sent before it is closed: nobody reads there.
    #[must_use]
    pub const fn is_abrupt(self) -> bool {
        matches!(self, Self::Slow | Self::Silent)
    }

    /// The reason on the wire, a stable code.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::GoingAway => "going-away",
            Self::Undecodable => "undecodable",
            Self::Revoked => "revoked",
            Self::Silent => "silent",
            Self::OtherEpoch => "other-epoch",
            Self::TooLarge => "too-large",
            Self::Slow => "slow",
            Self::RoomFailed => "room-failed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever reads the grammar finds each code in it, with its reason.
    #[test]
    fn the_grammar_lists_every_code() {
        let grammar = include_str!("../../../PROTOCOL.md");
        for code in CloseCode::ALL {
            let row = format!("| {} | `{}` |", code.number(), code.reason());
            assert!(grammar.contains(&row), "{row}");
        }
    }
}
