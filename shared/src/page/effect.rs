//! What a page asks for.

#[cfg(doc)]
use super::Page;
use super::peer;
use crate::SectionKey;
use crate::page::command::Selection;
use crate::text::delta::{Attributes, Op};

/// What is to be done, in order.
#[derive(Debug, PartialEq)]
pub enum Effect {
    /// Its peer asks for this; what the page itself shows is not among it.
    Peer(peer::Effect),
    /// Something is to be done on the surface of a text.
    Surface(SectionKey, SurfaceEffect),
    /// Call [`Page::frame`] before the next frame is drawn.
    AwaitFrame,
    /// Draw the carets of the others, as [`Page::carets`] has them.
    DrawCarets,
    /// Call [`Page::mark`], and then [`Page::marked`] with how long that took.
    Mark,
    /// Call [`Page::verify`] for each text that changed, once the browser has nothing more urgent to do.
    VerifyWhenIdle,
    /// Whether the person may write has changed.
    SetEditable(bool),
    /// The server is reached again.
    NoteReached,
}

/// What is to be done on the surface of a text. Places are those of what it shows.
#[derive(Debug, PartialEq)]
pub enum SurfaceEffect {
    /// Show a change.
    Show {
        /// Of what is shown.
        delta: Vec<Op>,
        /// How long the text is then. If the surface's is not, call [`Page::show_anew`].
        length: u32,
        /// Whether what the person looks at stays where it is in the window.
        keeps_place: bool,
    },
    /// Show this text, whatever it was.
    Reset(Vec<Op>),
    /// Put the focus into it.
    Focus,
    /// Select this.
    Select(Selection),
    /// What is typed next has these attributes.
    SetPen(Attributes),
    /// Mark this in a layer, and nothing else there: names, and triples of a name's place, from and to.
    Mark(Layer, Vec<String>, Vec<u32>),
    /// Scroll this place into view.
    Reveal(u32),
}

/// What marks belong together and come and go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// Who wrote what.
    Author,
    /// Where the words stand that somebody looks for.
    Find,
}

impl Layer {
    /// The layer's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Author => "author",
            Self::Find => "find",
        }
    }
}
