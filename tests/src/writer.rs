//! A person who types and is cut off again and again: what was typed, and what of it was said to be
//! saved. Like a page of ours, the writer keeps all that was typed, and brings what the server lacks
//! when it is back. It does not know who cuts.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use samsyn_shared::WriteNumber;
use samsyn_shared::sync::protocol::Message;
use samsyn_shared::text::delta::Op;

use crate::api::Malbild;
use crate::peer::{Dialect, Heard, Peer};
use crate::server::Server;

/// One writer, over one replica for as long as the writer lives.
#[derive(Debug)]
pub struct Writer {
    peer: Peer,
    name: String,
    malbild: Malbild,
    token: String,
    section: String,
    typed: u32,
    /// The words that are not known to be on disk, by the number of the write that carried each last.
    unsaved: BTreeMap<String, WriteNumber>,
    saved: BTreeSet<String>,
}

/// A word as it stands in a text: `<name.number>`. No two are the same, and none is part of another.
#[must_use]
pub fn words_in(text: &str) -> BTreeMap<&str, usize> {
    let mut words = BTreeMap::new();
    for word in text.split_inclusive('>').filter_map(|piece| piece.get(piece.find('<')?..)) {
        *words.entry(word).or_default() += 1;
    }
    words
}

impl Writer {
    /// Somebody who joins and has typed nothing yet. The name is in each of their words.
    ///
    /// # Errors
    /// When the handshake fails.
    pub async fn join(
        server: &Server,
        malbild: &Malbild,
        token: &str,
        name: &str,
        section: &str,
    ) -> Result<Self> {
        Ok(Self {
            peer: Peer::join(server, malbild, token, Dialect::Samsyn).await?,
            name: name.to_owned(),
            malbild: malbild.clone(),
            token: token.to_owned(),
            section: section.to_owned(),
            typed: 0,
            unsaved: BTreeMap::new(),
            saved: BTreeSet::new(),
        })
    }

    /// Comes back after a cut: all that the server lacks goes to it as one write with a new number.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn come_back(&mut self, server: &Server) -> Result<()> {
        // The first write of a connection is the answer to the server's question, and holds it all.
        let brought = self.peer.last_number().next();
        self.unsaved.values_mut().for_each(|number| *number = brought);
        self.peer.reopen(server, &self.malbild, &self.token).await?;
        let mut received = false;
        while !received || self.peer.last_number() < brought {
            match self.hear_message().await?.context("the socket closed in the handshake")? {
                Message::Step2(_) => received = true,
                Message::Saved(number) => drop(self.take_saved(number)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Types one more word, and sends it.
    ///
    /// # Errors
    /// When the socket is closed. The word is in the replica all the same.
    pub async fn type_word(&mut self) -> Result<String> {
        self.type_much(0).await
    }

    /// Types one more word with so many bytes behind it, and sends it.
    ///
    /// # Errors
    /// When the socket is closed. The word is in the replica all the same.
    pub async fn type_much(&mut self, bytes: usize) -> Result<String> {
        let (word, text) = self.next_word(bytes);
        self.peer.insert(&self.section, 0, &text).await?;
        Ok(word)
    }

    /// Types one more word without a connection.
    ///
    /// # Errors
    /// When a transaction is open.
    pub fn type_much_unsent(&mut self, bytes: usize) -> Result<String> {
        let (word, text) = self.next_word(bytes);
        self.peer.change_unsent(&self.section, 0, &[Op::insert(text)])?;
        Ok(word)
    }

    /// The next word, which the next write will carry, and the word with so many bytes behind it.
    fn next_word(&mut self, bytes: usize) -> (String, String) {
        self.typed += 1;
        let word = format!("<{}.{}>", self.name, self.typed);
        self.unsaved.insert(word.clone(), self.peer.last_number().next());
        let text = format!("{word}{}", "x".repeat(bytes));
        (word, text)
    }

    /// Listens for one thing; answers with how many words it said to be saved, and `None` at the end.
    ///
    /// # Errors
    /// When nothing comes, or what is no message, or a refusal.
    pub async fn hear(&mut self) -> Result<Option<usize>> {
        Ok(self.hear_message().await?.map(|message| match message {
            Message::Saved(number) => self.take_saved(number),
            _ => 0,
        }))
    }

    async fn hear_message(&mut self) -> Result<Option<Message>> {
        match self.peer.hear().await? {
            Heard::Closed(_) => Ok(None),
            Heard::Message(refused @ Message::Refused(..)) => bail!("{} got {refused:?}", self.name),
            Heard::Message(message) => Ok(Some(message)),
        }
    }

    fn take_saved(&mut self, up_to: WriteNumber) -> usize {
        let before = self.unsaved.len();
        let saved = &mut self.saved;
        self.unsaved.retain(|word, number| {
            let pending = *number > up_to;
            if !pending {
                saved.insert(word.clone());
            }
            pending
        });
        before - self.unsaved.len()
    }

    /// Listens until all that was typed is said to be saved.
    ///
    /// # Errors
    /// When the socket closes before.
    pub async fn wait_until_saved(&mut self) -> Result<()> {
        while !self.unsaved.is_empty() {
            let heard = self.hear().await.with_context(|| format!("{} waits for Saved", self.name))?;
            ensure!(heard.is_some(), "the socket closed with {} words unsaved", self.unsaved.len());
        }
        Ok(())
    }

    /// Listens until the replica holds this word.
    ///
    /// # Errors
    /// When it never does.
    pub async fn wait_for_word(&mut self, section: &str, word: &str) -> Result<()> {
        while !self.peer.text(section)?.contains(word) {
            let heard = self.hear().await.with_context(|| format!("{} waits for {word}", self.name))?;
            ensure!(heard.is_some(), "the socket closed before {word} came");
        }
        Ok(())
    }

    /// The målbild that is typed into.
    #[must_use]
    pub fn malbild(&self) -> &Malbild {
        &self.malbild
    }

    /// The section that is typed into.
    #[must_use]
    pub fn section(&self) -> &str {
        &self.section
    }

    /// A section as the replica has it.
    ///
    /// # Errors
    /// When a transaction is open.
    pub fn text(&self, section: &str) -> Result<String> {
        self.peer.text(section)
    }

    /// The words that were said to be saved.
    #[must_use]
    pub fn saved(&self) -> &BTreeSet<String> {
        &self.saved
    }

    /// How many words are not known to be on disk.
    #[must_use]
    pub fn unsaved(&self) -> usize {
        self.unsaved.len()
    }

    /// All words that were ever typed.
    #[must_use]
    pub fn all(&self) -> BTreeSet<String> {
        self.saved.iter().chain(self.unsaved.keys()).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_with_anything_between_them() {
        let words = words_in("<a.1>xx<b.12>\n<a.1> rest");
        assert_eq!(words, BTreeMap::from([("<a.1>", 2), ("<b.12>", 1)]));
    }
}
