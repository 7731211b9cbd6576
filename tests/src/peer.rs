//! A client made by hand: it speaks the sync protocol frame by frame over a replica of its own, as a
//! stock client or as one of ours, and can send what no decent client would.

mod line;
mod presence;

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use samsyn_shared::document::authorship::{self, Author};
use samsyn_shared::document::read_model::ReadModel;
use samsyn_shared::domain::{ids, schema};
use samsyn_shared::sync::protocol::{Message, Parts, SUBPROTOCOL};
use samsyn_shared::text::delta::{Op, plain};
use samsyn_shared::{Template, WriteNumber, document};
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use yrs::block::ClientID;
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{Doc, Map, ReadTxn, StateVector, Transact, Update, WriteTxn};

use self::line::{Came, Line, Stream};
use crate::api::Malbild;
use crate::server::Server;
use crate::until::PATIENCE;

/// What a client says it understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// y-websocket's protocol alone.
    Stock,
    /// The project's own messages too.
    Samsyn,
}

/// One thing that came over the socket.
#[derive(Debug)]
pub enum Heard {
    /// A message.
    Message(Message),
    /// The end, with the close frame's number if there was one.
    Closed(Option<u16>),
}

/// One connection, with its replica.
#[derive(Debug)]
pub struct Peer {
    line: Line,
    parts: Parts,
    dialect: Dialect,
    doc: Doc,
    last: WriteNumber,
    presence_clock: u64,
}

impl Peer {
    /// Connects and says nothing yet.
    ///
    /// # Errors
    /// When the server refuses the upgrade.
    pub async fn connect(server: &Server, malbild: &Malbild, token: &str, dialect: Dialect) -> Result<Self> {
        match Self::knock(server, &format!("{}/content?token={token}", malbild.id), dialect, &[]).await? {
            Ok(peer) => Ok(peer),
            Err(status) => bail!("the upgrade was answered with {status}"),
        }
    }

    /// Tries to connect to `/sync/{room}`; the inner error is the status that it was refused with.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn knock(
        server: &Server,
        room: &str,
        dialect: Dialect,
        headers: &[(&'static str, &str)],
    ) -> Result<Result<Self, u16>> {
        let mut request = format!("ws://{}/sync/{room}", server.address()).into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_str(value)?);
        }
        if dialect == Dialect::Samsyn {
            let offer = HeaderValue::from_static(SUBPROTOCOL);
            request.headers_mut().insert("sec-websocket-protocol", offer);
        }
        let socket = match timeout(PATIENCE, connect_async(request)).await? {
            Ok((socket, _)) => socket,
            Err(tungstenite::Error::Http(response)) => return Ok(Err(response.status().as_u16())),
            Err(error) => return Err(error.into()),
        };
        let doc = document::replica(ids::client_id(&mut rand::rng()));
        let line = Line::Socket(Box::new(socket));
        Ok(Ok(Self {
            line,
            parts: Parts::default(),
            dialect,
            doc,
            last: WriteNumber::default(),
            presence_clock: 0,
        }))
    }

    /// Connects over HTTP, as one of ours, and waits until both sides have what the other had.
    ///
    /// # Errors
    /// When that does not happen.
    pub async fn join_by_http(server: &Server, malbild: &Malbild, token: &str) -> Result<Self> {
        let line = Line::Stream(Box::new(Stream::open(server, malbild, token).await?));
        let doc = document::replica(ids::client_id(&mut rand::rng()));
        let mut peer = Self {
            line,
            parts: Parts::default(),
            dialect: Dialect::Samsyn,
            doc,
            last: WriteNumber::default(),
            presence_clock: 0,
        };
        peer.shake_hands().await?;
        Ok(peer)
    }

    /// Connects, and waits until both sides have what the other had.
    ///
    /// # Errors
    /// When that does not happen.
    pub async fn join(server: &Server, malbild: &Malbild, token: &str, dialect: Dialect) -> Result<Self> {
        let mut peer = Self::connect(server, malbild, token, dialect).await?;
        peer.shake_hands().await?;
        Ok(peer)
    }

    /// Connects anew with the same replica, and waits until both sides have what the other had.
    ///
    /// # Errors
    /// When that does not happen.
    pub async fn reconnect(&mut self, server: &Server, malbild: &Malbild, token: &str) -> Result<()> {
        self.reopen(server, malbild, token).await?;
        self.wait_for("step 2", |message| matches!(message, Message::Step2(_)).then_some(())).await
    }

    /// Connects anew with the same replica, and says what it has. Nothing is heard yet.
    ///
    /// # Errors
    /// When the server refuses the upgrade.
    pub async fn reopen(&mut self, server: &Server, malbild: &Malbild, token: &str) -> Result<()> {
        self.line = Self::connect(server, malbild, token, self.dialect).await?.line;
        self.say_what_it_has().await
    }

    /// Says what the replica has, and waits for what it lacks.
    ///
    /// # Errors
    /// When the answer does not come.
    pub async fn shake_hands(&mut self) -> Result<()> {
        self.say_what_it_has().await?;
        self.wait_for("step 2", |message| matches!(message, Message::Step2(_)).then_some(())).await
    }

    async fn say_what_it_has(&mut self) -> Result<()> {
        let vector = self.doc.try_transact()?.state_vector().encode_v1();
        self.send(&Message::Step1(vector.into())).await
    }

    /// Sends a message.
    ///
    /// # Errors
    /// When the socket is closed.
    pub async fn send(&mut self, message: &Message) -> Result<()> {
        self.send_bytes(message.encode()).await
    }

    /// Sends a binary frame, whatever it holds.
    ///
    /// # Errors
    /// When the socket is closed.
    pub async fn send_bytes(&mut self, bytes: impl Into<Bytes>) -> Result<()> {
        self.line.send(bytes.into()).await
    }

    /// Sends a text frame, which the protocol does not have.
    ///
    /// # Errors
    /// When the socket is closed.
    pub async fn send_text(&mut self, text: &str) -> Result<()> {
        self.line.send_text(text).await
    }

    /// Waits for the answer to a WebSocket ping. Messages that come meanwhile are not heard.
    ///
    /// # Errors
    /// When the socket ends, or is none.
    pub async fn ping(&mut self) -> Result<()> {
        self.line.ping().await
    }

    /// Closes the socket as a browser does.
    ///
    /// # Errors
    /// When it is closed already.
    pub async fn leave(self) -> Result<()> {
        self.line.leave().await
    }

    /// Waits until all that it wrote is saved, and leaves. Bytes that the socket still holds when it is closed are
    /// lost, as in a browser whose tab is closed.
    ///
    /// # Errors
    /// When it is not saved, or the socket is closed already.
    pub async fn leave_once_saved(mut self) -> Result<()> {
        let last = self.last;
        let is_last =
            |message: &Message| matches!(message, Message::Saved(number) if *number >= last).then_some(());
        self.wait_for("what it wrote to be saved", is_last).await?;
        self.leave().await
    }

    /// The next thing. Text of others goes into the replica, and a step 1 is answered.
    ///
    /// # Errors
    /// When nothing comes, or something that is no message.
    pub async fn hear(&mut self) -> Result<Heard> {
        loop {
            match self.line.hear().await? {
                Came::Message(bytes) => {
                    let Some(message) = self.parts.take(Message::decode(bytes)?)? else { continue };
                    self.take(&message).await?;
                    return Ok(Heard::Message(message));
                }
                Came::Closed(code) => return Ok(Heard::Closed(code)),
            }
        }
    }

    async fn take(&mut self, message: &Message) -> Result<()> {
        match message {
            Message::Step1(vector) => {
                let vector = StateVector::decode_v1(vector)?;
                let update = self.doc.try_transact()?.encode_state_as_update_v1(&vector);
                self.send_update(Message::Step2, update).await?;
            }
            Message::Step2(update) | Message::Update(update) => {
                self.doc.try_transact_mut()?.apply_update(Update::decode_v1(update)?)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Sends an update in the way of the dialect; one of ours learns its number.
    async fn send_update(
        &mut self,
        stock: fn(Bytes) -> Message,
        update: Vec<u8>,
    ) -> Result<Option<WriteNumber>> {
        if self.dialect == Dialect::Stock {
            self.send(&stock(update.into())).await?;
            return Ok(None);
        }
        self.last = self.last.next();
        self.send(&Message::Write(self.last, update.into())).await?;
        Ok(Some(self.last))
    }

    /// Listens until a message is what is waited for.
    ///
    /// # Errors
    /// When it does not come before the socket closes.
    pub async fn wait_for<T>(
        &mut self,
        what: &str,
        mut wanted: impl FnMut(&Message) -> Option<T>,
    ) -> Result<T> {
        let listening = async {
            loop {
                match self.hear().await? {
                    Heard::Message(message) => {
                        if let Some(found) = wanted(&message) {
                            return Ok(found);
                        }
                    }
                    Heard::Closed(code) => bail!("the socket closed with {code:?}"),
                }
            }
        };
        timeout(PATIENCE, listening)
            .await
            .unwrap_or_else(|late| Err(late.into()))
            .with_context(|| format!("waiting for {what}"))
    }

    /// Listens until the socket is closed, and says with which number.
    ///
    /// # Errors
    /// When it stays open.
    pub async fn wait_for_close(&mut self) -> Result<Option<u16>> {
        let listening = async {
            loop {
                if let Heard::Closed(code) = self.hear().await? {
                    return Ok(code);
                }
            }
        };
        timeout(PATIENCE, listening).await.context("the socket stayed open")?
    }

    /// Listens until a section's text is so.
    ///
    /// # Errors
    /// When it never is.
    pub async fn wait_for_text(&mut self, section: &str, holds: impl Fn(&str) -> bool) -> Result<String> {
        let listening = async {
            loop {
                let text = self.text(section)?;
                if holds(&text) {
                    return Ok(text);
                }
                if let Heard::Closed(code) = self.hear().await? {
                    bail!("the socket closed with {code:?}");
                }
            }
        };
        match timeout(PATIENCE, listening).await {
            Ok(result) => result,
            // A text may be of any length, and its beginning is where tests type.
            Err(_) => {
                bail!("{section} stayed {:?}", self.text(section)?.chars().take(500).collect::<String>())
            }
        }
    }

    /// Inserts text, and sends it. One of ours learns the write's number.
    ///
    /// # Errors
    /// When the socket is closed.
    pub async fn insert(&mut self, section: &str, at: u32, text: &str) -> Result<Option<WriteNumber>> {
        self.change(section, at, &[Op::insert(text)]).await
    }

    /// Changes a section, and sends it.
    ///
    /// # Errors
    /// When the socket is closed, or nothing is changed.
    pub async fn change(&mut self, section: &str, at: u32, ops: &[Op]) -> Result<Option<WriteNumber>> {
        let update = self.change_unsent(section, at, ops)?;
        self.send_update(Message::Update, update).await
    }

    /// Changes a section, and gives the update that nobody was sent.
    ///
    /// # Errors
    /// When nothing is changed.
    pub fn change_unsent(&self, section: &str, at: u32, ops: &[Op]) -> Result<Vec<u8>> {
        let mut txn = self.doc.try_transact_mut()?;
        let text = txn.get_or_insert_text(root(section));
        document::change(&text, &mut txn, at, ops);
        document::update_of(&txn).context("the change changes nothing")
    }

    /// Says whose this replica's words are, and sends it.
    ///
    /// # Errors
    /// When the socket is closed.
    pub async fn sign(&mut self, name: &str, organisation: &str) -> Result<Option<WriteNumber>> {
        let author = Author::Person { name: name.to_owned(), organisation: organisation.to_owned() };
        let client = self.client();
        let update = {
            let mut txn = self.doc.try_transact_mut()?;
            authorship::sign(&mut txn, client, &author);
            document::update_of(&txn).context("the change changes nothing")?
        };
        self.send_update(Message::Update, update).await
    }

    /// Who is said to have written here, by client id.
    ///
    /// # Errors
    /// When a transaction is open.
    pub fn authors(&self) -> Result<BTreeMap<u64, Author>> {
        let txn = self.doc.try_transact()?;
        let Some(authors) = txn.get_map(schema::AUTHORS) else { return Ok(BTreeMap::new()) };
        let clients = authors.keys(&txn).filter_map(|key| key.parse().ok());
        Ok(clients.filter_map(|client| Some((client, authorship::author(&txn, client)?))).collect())
    }

    /// Another replica, empty and with this client id, for one that is to be the same in each run. To be
    /// used before the handshake.
    #[must_use]
    pub fn with_client(mut self, client: u64) -> Self {
        self.doc = document::replica(client);
        self
    }

    /// How much the replica has of a client's.
    ///
    /// # Errors
    /// When a transaction is open.
    pub fn has_of(&self, client: u64) -> Result<u32> {
        Ok(self.doc.try_transact()?.state_vector().get(&ClientID::new(client)))
    }

    /// A section as inserts.
    ///
    /// # Errors
    /// When a transaction is open.
    pub fn inserts(&self, section: &str) -> Result<Vec<Op>> {
        let txn = self.doc.try_transact()?;
        let text = txn.get_text(root(section).as_str());
        Ok(text.map(|text| document::read(&text, &txn)).unwrap_or_default())
    }

    /// The number of the write that was sent last.
    #[must_use]
    pub fn last_number(&self) -> WriteNumber {
        self.last
    }

    /// Numbers the writes from here on after this one.
    pub fn number_after(&mut self, last: WriteNumber) {
        self.last = last;
    }

    /// This replica's client id.
    #[must_use]
    pub fn client(&self) -> u64 {
        self.doc.client_id().get()
    }

    /// A section's text without attributes.
    ///
    /// # Errors
    /// When a transaction is open.
    pub fn text(&self, section: &str) -> Result<String> {
        Ok(plain(&self.inserts(section)?))
    }

    /// The replica as views and exports read it.
    ///
    /// # Errors
    /// When the template is unknown.
    pub fn read(&self, template: &str) -> Result<ReadModel> {
        Ok(ReadModel::of(&self.doc, Template::find(template).context("unknown template")?)?)
    }
}

/// The root of a section's text, or of the title.
fn root(key: &str) -> String {
    if key == schema::TITLE { key.to_owned() } else { schema::section(key) }
}
