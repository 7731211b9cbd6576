//! The codec against npm's: the bytes that `y-protocols` makes of each kind of message are the bytes that ours
//! makes, and both read the same in them.

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use samsyn_shared::document::scan;
use samsyn_shared::sync::protocol::{Message, PresenceEntry, encode_presence};
use samsyn_tests::node;
use serde_json::Value;

/// One message as the script tells it.
struct Golden {
    name: String,
    bytes: Bytes,
    message: Message,
}

impl Golden {
    fn of(told: &Value) -> Result<Self> {
        let name = told["name"].as_str().context("no name")?.to_owned();
        let content = &told["content"];
        let message = match name.as_str() {
            "step1" => Message::Step1(hex(content)?),
            "step2" => Message::Step2(hex(content)?),
            "update" => Message::Update(hex(content)?),
            "presence" => Message::Presence(encode_presence(&entries(content)?)),
            "denied" => Message::Denied(content.as_str().context("no reason")?.to_owned()),
            "query" => Message::QueryPresence,
            other => bail!("what is {other}?"),
        };
        Ok(Self { bytes: hex(&told["bytes"])?, name, message })
    }
}

fn entries(told: &Value) -> Result<Vec<PresenceEntry>> {
    let entry = |told: &Value| {
        Some(PresenceEntry {
            client: told["client"].as_u64()?,
            clock: told["clock"].as_u64()?,
            state: told["state"].as_str()?.to_owned(),
        })
    };
    told.as_array().context("no entries")?.iter().map(|told| entry(told).context("no entry")).collect()
}

fn hex(text: &Value) -> Result<Bytes> {
    let digits = text.as_str().context("no hex")?.as_bytes().chunks(2);
    digits.map(|pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?)).collect()
}

async fn golden() -> Result<Vec<Golden>> {
    let told: Value = serde_json::from_str(&node::run("golden.mjs").await?)?;
    told.as_array().context("no list")?.iter().map(Golden::of).collect()
}

#[tokio::test]
async fn our_bytes_are_those_of_npms_y_protocols() -> Result<()> {
    let golden = golden().await?;
    for kind in ["step1", "step2", "update", "presence", "denied", "query"] {
        ensure!(golden.iter().any(|each| each.name == kind), "no {kind}");
    }
    for each in golden {
        assert_eq!(each.message.encode(), each.bytes, "{}", each.name);
        assert_eq!(Message::decode(each.bytes)?, each.message, "{}", each.name);
    }
    Ok(())
}

#[tokio::test]
async fn what_npms_yjs_writes_passes_the_scan() -> Result<()> {
    let largest = (1 << 53) - 1;
    for each in golden().await? {
        match each.message {
            Message::Step1(vector) => {
                let clocks = scan::vector(&vector)?;
                ensure!(
                    clocks.is_empty() || clocks.iter().any(|(client, _)| *client == largest),
                    "{clocks:?}"
                );
            }
            Message::Step2(update) | Message::Update(update) => {
                let found = scan::update(&update)?;
                ensure!(!found.has_gap(|_| 0) || !found.has_new_blocks(|_| 0), "{found:?}");
            }
            Message::Presence(body) => {
                let entries = samsyn_shared::sync::protocol::scan_presence(&body)?;
                ensure!(entries.is_empty() || entries.len() == 3, "{entries:?}");
            }
            _ => {}
        }
    }
    Ok(())
}
