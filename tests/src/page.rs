//! A participant's page, by the hooks (`data-…` attributes) that it promises: what a person sees, types, presses and clicks.

use std::sync::Mutex;

use anyhow::{Context, Result, ensure};
use reqwest::Url;
use samsyn_shared::Role;
use serde_json::Value;
use thirtyfour::BrowserLogEntry;
use thirtyfour::prelude::*;

use crate::browser::Kind;
use crate::until::{Look, until};

/// A section's text, as a person sees it, without the last line's end.
const TEXT: &str = "
    const box = document.querySelector(`[data-text=\"${arguments[0]}\"] [role=textbox]`);
    return box && [...box.querySelectorAll('p, li, h1, h2, h3, h4, h5, h6')]
        .filter(line => !line.querySelector('p, li'))
        .map(line => line.textContent).join('\\n')";

/// A section's structure without attributes: two pages with the same text have the same.
const STRUCTURE: &str = "
    const box = document.querySelector(`[data-text=\"${arguments[0]}\"] [role=textbox]`);
    if (!box) return null;
    const copy = box.cloneNode(true);
    for (const element of copy.querySelectorAll('*'))
        for (const name of element.getAttributeNames()) element.removeAttribute(name);
    return copy.innerHTML";

/// The words that each highlight marks.
const MARKED: &str = "
    // The text may have become shorter since it was marked.
    const fit = (node, offset) => [node, Math.min(offset, node.data?.length ?? node.childNodes.length)];
    const live = mark => {
        const range = document.createRange();
        range.setStart(...fit(mark.startContainer, mark.startOffset));
        range.setEnd(...fit(mark.endContainer, mark.endOffset));
        return range;
    };
    const words = marks => [...marks].map(live)
        .sort((one, other) => one.compareBoundaryPoints(Range.START_TO_START, other))
        .map(range => range.toString());
    return Object.fromEntries([...CSS.highlights].map(([name, marks]) => [name, words(marks)]))";

/// The words of the flags at the carets of others.
const CARETS: &str = "
    return [...document.querySelectorAll('.carets .caret .flag')].map(flag => flag.textContent.trim())";

/// What the page warns of when what it showed was not what its document says.
const PARTED: &str = "a text surface parted from its document";

/// The first element of a selector that is seen. WebKit's driver takes a line that is cut off where it is too long for
/// one that is not.
const SEEN: &str = "
    return [...document.querySelectorAll(arguments[0])].find(element =>
        element.checkVisibility({ visibilityProperty: true, opacityProperty: true })
        && element.getClientRects().length > 0) ?? null";

/// What a failure should tell of a page.
const STATE: &str = "
    const status = document.querySelector('[data-sync-status]');
    return [location.pathname, status && status.outerHTML, document.body.innerText.slice(0, 1500)].join('\\n')";

/// One participant's page.
#[derive(Debug)]
pub struct Page {
    driver: WebDriver,
    kind: Kind,
    name: String,
    organisation: String,
    console: Mutex<Vec<BrowserLogEntry>>,
}

impl Page {
    pub(crate) fn new(driver: WebDriver, kind: Kind, name: &str, organisation: &str) -> Self {
        Self {
            driver,
            kind,
            name: name.to_owned(),
            organisation: organisation.to_owned(),
            console: Mutex::default(),
        }
    }

    /// The browser itself.
    #[must_use]
    pub fn driver(&self) -> &WebDriver {
        &self.driver
    }

    /// Which browser it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The participant's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// This address, with who the participant is in it, before the `#`.
    ///
    /// # Errors
    /// When it is no address.
    pub fn introduced(&self, address: &str) -> Result<String> {
        let who = [("namn", &self.name), ("organisation", &self.organisation)];
        Ok(Url::parse_with_params(address, who)?.into())
    }

    /// Opens an address as this participant.
    ///
    /// # Errors
    /// When the browser cannot.
    pub async fn open(&self, address: &str) -> Result<()> {
        Ok(self.driver.goto(self.introduced(address)?).await?)
    }

    /// Opens a målbild's link as this participant, and waits until its text is there and saved.
    ///
    /// # Errors
    /// When that does not happen.
    pub async fn enter(&self, link: &str) -> Result<()> {
        self.open(link).await?;
        self.wait_for_status("saved").await
    }

    /// Loads the page anew.
    ///
    /// # Errors
    /// When the browser cannot.
    pub async fn reload(&self) -> Result<()> {
        if self.kind == Kind::Chromium {
            return Ok(self.driver.refresh().await?);
        }
        // The others' drivers would ask the network past all workers, which nobody does who reloads a page.
        self.script("document.documentElement.dataset.left = ''; location.reload()", vec![]).await?;
        self.until("the page to be loaded anew", async || {
            // Firefox's driver runs each script in a world of its own; only the document is the same.
            let script = "return document.documentElement.dataset.left === undefined
                && document.readyState === 'complete'";
            // There may be no page to ask at that moment.
            let loaded = self.script(script, vec![]).await.unwrap_or_default();
            Ok(Look::at(loaded == true, || loaded.to_string()))
        })
        .await
    }

    /// The address in the address bar.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn address(&self) -> Result<Url> {
        Ok(self.driver.current_url().await?)
    }

    /// Runs a script in the page.
    ///
    /// # Errors
    /// When it throws.
    pub async fn script(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        Ok(self.driver.execute(script, arguments).await?.json().clone())
    }

    /// Mints a link with the rights of this page's session, as the share panel does.
    ///
    /// # Errors
    /// When the server does not give one.
    pub async fn mint_link(&self, id: &str, role: Role) -> Result<String> {
        let script = "
            const [id, role, done] = arguments;
            const body = JSON.stringify({ role });
            const headers = { 'content-type': 'application/json' };
            fetch(`/api/malbilder/${id}/links`, { method: 'POST', headers, body })
                .then(answer => answer.json()).then(done, error => done({ error: String(error) }))";
        let answer = self.driver.execute_async(script, vec![id.into(), role.as_str().into()]).await?;
        let link = answer.json()["link"].as_str().map(str::to_owned);
        link.with_context(|| format!("no link in {}", answer.json()))
    }

    /// The first element that this CSS selector finds and a person can see.
    ///
    /// # Errors
    /// When there is none.
    pub async fn visible(&self, selector: &str) -> Result<WebElement> {
        self.until(&format!("a visible {selector}"), async || {
            let seen = self.seen(selector).await?;
            Ok(seen.map_or_else(|| Look::NotYet("none".to_owned()), Look::Yes))
        })
        .await
    }

    /// As [`Page::visible`], but now; none when there is none.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn seen(&self, selector: &str) -> Result<Option<WebElement>> {
        if self.kind == Kind::WebKit {
            let first = self.driver.execute(SEEN, vec![selector.into()]).await?;
            return Ok(if first.json().is_null() { None } else { Some(first.element()?) });
        }
        for element in self.driver.find_all(By::Css(selector)).await? {
            if element.is_displayed().await.unwrap_or(false) {
                return Ok(Some(element));
            }
        }
        Ok(None)
    }

    /// What a person reads in the first visible element. WebKit's driver has no words of a line that may be cut off.
    ///
    /// # Errors
    /// When there is none.
    pub async fn words(&self, selector: &str) -> Result<String> {
        let element = self.visible(selector).await?.to_json()?;
        let words = self.script("return arguments[0].innerText", vec![element]).await?;
        Ok(words.as_str().context("no words")?.to_owned())
    }

    /// What is marked in the texts by the browser's highlights: by name, the words of each range.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn marked(&self) -> Result<Value> {
        self.script(MARKED, vec![]).await
    }

    /// Waits until the page has painted three frames more: nobody presses a key before they see the caret
    /// where they put it.
    ///
    /// # Errors
    /// When it paints none.
    pub async fn painted(&self) -> Result<()> {
        let script = "
            const [done] = arguments;
            const frames = left => left ? requestAnimationFrame(() => frames(left - 1)) : done();
            frames(3)";
        Ok(self.driver.execute_async(script, vec![]).await.map(drop)?)
    }

    /// Types text with real key events, wherever the caret is.
    ///
    /// # Errors
    /// When the browser does not take them.
    pub async fn keys(&self, text: &str) -> Result<()> {
        Ok(self.driver.action_chain().send_keys(text).perform().await?)
    }

    /// Presses a key while others are held.
    ///
    /// # Errors
    /// When the browser does not take it.
    pub async fn press(&self, held: &[Key], key: impl Into<char>) -> Result<()> {
        self.press_times(held, key, 1).await
    }

    /// Presses a key several times while others are held.
    ///
    /// # Errors
    /// When the browser does not take it.
    pub async fn press_times(&self, held: &[Key], key: impl Into<char>, times: usize) -> Result<()> {
        let key = key.into();
        let mut actions = self.driver.action_chain();
        for modifier in held {
            actions = actions.key_down(modifier.value());
        }
        for _ in 0..times {
            actions = actions.key_down(key).key_up(key);
        }
        for modifier in held.iter().rev() {
            actions = actions.key_up(modifier.value());
        }
        Ok(actions.perform().await?)
    }

    /// Composes as a dead key does: `steps` are shown one after another, then `text` is entered.
    ///
    /// # Errors
    /// When the browser does not take it.
    pub async fn compose(&self, steps: &[&str], text: &str) -> Result<()> {
        for step in steps {
            self.compose_on(step).await?;
        }
        self.compose_end(text).await
    }

    /// A section's text, its lines parted by line ends; none when the page has no such section.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn text(&self, section: &str) -> Result<Option<String>> {
        Ok(self.script(TEXT, vec![section.into()]).await?.as_str().map(str::to_owned))
    }

    /// A section's inner HTML without attributes.
    ///
    /// # Errors
    /// When there is no such section.
    pub async fn structure(&self, section: &str) -> Result<String> {
        let structure = self.script(STRUCTURE, vec![section.into()]).await?;
        Ok(structure.as_str().with_context(|| format!("no section {section}"))?.to_owned())
    }

    /// How many elements this selector finds inside a section's text.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn count_in(&self, section: &str, selector: &str) -> Result<u64> {
        let script = "return document.querySelectorAll(arguments[0]).length";
        let selector = format!("[data-text=\"{section}\"] [role=textbox] {selector}");
        self.script(script, vec![selector.into()]).await?.as_u64().context("no number")
    }

    /// Waits until a section's text is so, and answers with it.
    ///
    /// # Errors
    /// When it never is.
    pub async fn wait_for_text(&self, section: &str, holds: impl Fn(&str) -> bool) -> Result<String> {
        self.until(&format!("the right text in {section}"), async || {
            let text = self.text(section).await?;
            Ok(match text {
                Some(text) if holds(&text) => Look::Yes(text),
                other => Look::NotYet(format!("{other:?}")),
            })
        })
        .await
    }

    /// What the status line claims.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn status(&self) -> Result<Option<String>> {
        self.attribute("[data-sync-status]", "data-sync-status").await
    }

    /// Waits until the status line claims this.
    ///
    /// # Errors
    /// When it never does.
    pub async fn wait_for_status(&self, status: &str) -> Result<()> {
        self.until(&format!("the status {status}"), async || {
            let now = self.status().await?;
            Ok(Look::at(now.as_deref() == Some(status), || format!("{now:?}")))
        })
        .await
    }

    /// How many updates of this device wait for the server's disk.
    ///
    /// # Errors
    /// When the page does not say.
    pub async fn pending(&self) -> Result<u64> {
        let pending = self.attribute("[data-sync-status]", "data-pending").await?;
        Ok(pending.context("no data-pending")?.parse()?)
    }

    /// Waits until the page counts this many others.
    ///
    /// # Errors
    /// When it never does.
    pub async fn wait_for_people(&self, others: usize) -> Result<()> {
        self.until(&format!("{others} other participants"), async || {
            let now = self.attribute("[data-people]", "data-count").await?;
            Ok(Look::at(now.as_deref() == Some(&others.to_string()), || format!("{now:?}")))
        })
        .await
    }

    /// Waits until the page shows a caret with this name.
    ///
    /// # Errors
    /// When it never does.
    pub async fn wait_for_caret(&self, name: &str) -> Result<()> {
        self.until(&format!("the caret of {name}"), async || {
            let flags = self.script(CARETS, vec![]).await?;
            let found = flags.as_array().is_some_and(|flags| flags.iter().any(|flag| contains(flag, name)));
            Ok(Look::at(found, || flags.to_string()))
        })
        .await
    }

    /// An attribute of the first element that a selector finds; none when either is not there.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn attribute(&self, selector: &str, name: &str) -> Result<Option<String>> {
        let script = "return document.querySelector(arguments[0])?.getAttribute(arguments[1])";
        Ok(self.script(script, vec![selector.into(), name.into()]).await?.as_str().map(str::to_owned))
    }

    /// Looks until a condition holds, and tells of the page when it never does.
    ///
    /// # Errors
    /// When it never does, or a look fails.
    pub async fn until<T>(&self, what: &str, look: impl AsyncFnMut() -> Result<Look<T>>) -> Result<T> {
        match until(what, look).await {
            Ok(value) => Ok(value),
            Err(error) => Err(error.context(self.told().await)),
        }
    }

    /// What the browser's console holds since it was opened; nothing in a browser that does not tell.
    ///
    /// # Errors
    /// When the browser does not tell.
    pub async fn console(&self) -> Result<Vec<BrowserLogEntry>> {
        if self.kind != Kind::Chromium {
            return Ok(Vec::new());
        }
        let news = self.driver.browser_log().await?;
        let mut console = self.console.lock().map_err(|_| anyhow::anyhow!("poisoned"))?;
        console.extend(news);
        Ok(console.clone())
    }

    /// Checks that the page's scripts wrote no error and threw none, and that no text surface parted from
    /// its document. What the browser itself logs of a network that is gone is no error of the page's.
    ///
    /// # Errors
    /// With the errors.
    pub async fn expect_quiet_console(&self) -> Result<()> {
        let errors: Vec<_> = self.console().await?.into_iter().filter(by_script).collect();
        ensure!(errors.is_empty(), "{}'s console has errors: {errors:#?}", self.name);
        Ok(())
    }

    /// The page in words, for a failure.
    pub async fn told(&self) -> String {
        let state = self.script(STATE, vec![]).await;
        let state = state.ok().and_then(|state| state.as_str().map(str::to_owned)).unwrap_or_default();
        let console: Vec<_> = self.console().await.unwrap_or_default();
        let console: String =
            console.iter().map(|e| format!("\n{} {:?} {}", e.level, e.source, e.message)).collect();
        format!("{}'s page: {state}\nconsole:{console}", self.name)
    }
}

fn contains(flag: &Value, name: &str) -> bool {
    flag.as_str().is_some_and(|words| words.contains(name))
}

/// Whether the page is to blame for an entry: `console.error`, an error that nobody caught, or what its
/// own security policy forbids.
fn by_script(entry: &BrowserLogEntry) -> bool {
    let source = entry.source.as_deref().unwrap_or_default();
    let own = ["console-api", "javascript", "security"].contains(&source);
    if entry.message.contains(PARTED) {
        return true;
    }
    entry.level == "SEVERE" && own && !entry.message.contains("WebSocket connection to")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(level: &str, source: &str, message: &str) -> BrowserLogEntry {
        BrowserLogEntry {
            level: level.to_owned(),
            message: message.to_owned(),
            timestamp: 0,
            source: Some(source.to_owned()),
        }
    }

    #[test]
    fn an_error_of_a_script_is_told_from_a_network_that_is_gone() {
        assert!(by_script(&entry("SEVERE", "console-api", "no")));
        assert!(by_script(&entry("SEVERE", "javascript", "Uncaught TypeError")));
        assert!(by_script(&entry("SEVERE", "security", "Refused to apply inline style")));
        assert!(!by_script(&entry("SEVERE", "javascript", "WebSocket connection to 'ws://x' failed")));
        assert!(!by_script(&entry("SEVERE", "network", "Failed to load resource")));
        assert!(!by_script(&entry("WARNING", "console-api", "hm")));
        assert!(by_script(&entry("WARNING", "console-api", &format!("{PARTED} and was shown anew"))));
    }
}
