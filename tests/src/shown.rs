//! What a page shows of a section, read from its elements, and what its document must say, read by a
//! witness in the page: npm's yjs over all that the page sent and received.

use anyhow::{Context, Result};
use samsyn_shared::text::delta::{Line, Op, visible_lines};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::node;
use crate::page::Page;
use crate::until::Look;

/// `samsynShown`: reads the elements.
const SHOWN: &str = include_str!("web/shown.js");

/// The witness as one script, bundled once for all tests.
static WITNESS: OnceCell<String> = OnceCell::const_new();

/// Both scripts, to be injected before a page's own.
///
/// # Errors
/// When they cannot be bundled.
pub async fn witness() -> Result<String> {
    let bundled = WITNESS.get_or_try_init(|| node::bundle("witness.mjs")).await?;
    // Not a const of the page's own scope: it must be there for scripts that come later.
    let shown = SHOWN.replacen("const samsynShown", "window.samsynShown", 1);
    Ok(format!("{shown}\n{bundled}"))
}

/// A caret or a selection in a section, as indexes of its text in UTF-16 code units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selected {
    /// Where it began.
    pub anchor: u64,
    /// Where the caret is.
    pub head: u64,
}

impl Selected {
    /// Only a caret.
    #[must_use]
    pub const fn caret(at: u64) -> Self {
        Self { anchor: at, head: at }
    }
}

impl Page {
    /// Has the witness in every document that the browser opens from now on.
    pub(crate) async fn bear_witness(&self) -> Result<()> {
        let script = json!({"source": witness().await?});
        self.driver().cdp().send_raw("Page.addScriptToEvaluateOnNewDocument", script).await?;
        Ok(())
    }

    /// A section as it is shown, inserts of a delta; null when the page has no such section. An element that
    /// has no place in a text is told as text.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn shown(&self, section: &str) -> Result<Value> {
        let read = "return samsynShown.box(arguments[0]) ? samsynShown.inserts(arguments[0]) : null";
        self.script(&format!("{SHOWN}\n{read}"), vec![section.into()]).await
    }

    /// A section as the page's document must have it, by what its socket sent and received. What was written
    /// without a connection is in it once there is one. Null in a browser that has no witness.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn held(&self, section: &str) -> Result<Value> {
        self.script("return window.samsynWitness?.inserts(arguments[0])", vec![section.into()]).await
    }

    /// Waits until the page has received what makes its document so, shown or not; true at once in a browser
    /// that has no witness.
    ///
    /// # Errors
    /// When it never does.
    pub async fn wait_for_held(&self, section: &str, holds: impl Fn(&Value) -> bool) -> Result<()> {
        self.until(&format!("the right document in {section}"), async || {
            let held = self.held(section).await?;
            Ok(Look::at(held.is_null() || holds(&held), || held.to_string()))
        })
        .await
    }

    /// Waits until the caret or the selection is there.
    ///
    /// # Errors
    /// When it never is.
    pub async fn wait_for_selected(&self, section: &str, wanted: Selected) -> Result<()> {
        self.until(&format!("{wanted:?}"), async || {
            let now = self.selected(section).await?;
            Ok(Look::at(now == Some(wanted), || format!("{now:?}")))
        })
        .await
    }

    /// What those hear who do not see the page: the nodes of the accessibility tree.
    ///
    /// # Errors
    /// When the browser has no DevTools.
    pub async fn accessibility(&self) -> Result<Vec<Value>> {
        let tree = self.driver().cdp().send_raw("Accessibility.getFullAXTree", json!({})).await?;
        Ok(tree["nodes"].as_array().context("no accessibility tree")?.clone())
    }

    /// Where the caret is in a section; none when it is elsewhere.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn selected(&self, section: &str) -> Result<Option<Selected>> {
        let read = "return samsynShown.selection(arguments[0])";
        let found = self.script(&format!("{SHOWN}\n{read}"), vec![section.into()]).await?;
        if found.is_null() {
            return Ok(None);
        }
        let index = |i: usize| found[i].as_u64().with_context(|| format!("no selection: {found}"));
        Ok(Some(Selected { anchor: index(0)?, head: index(1)? }))
    }
}

/// Inserts as the lines that a person sees: equal for two texts that look alike.
///
/// # Errors
/// When it is no delta.
pub fn lines(inserts: &Value) -> Result<Vec<Line>> {
    let ops: Vec<Op> = serde_json::from_value(inserts.clone()).with_context(|| inserts.to_string())?;
    Ok(visible_lines(&ops))
}

/// The text of inserts, without the last line's end.
#[must_use]
pub fn plain(inserts: &Value) -> String {
    let inserts = inserts.as_array().into_iter().flatten().filter_map(|op| op["insert"].as_str());
    let text: String = inserts.collect();
    text.strip_suffix('\n').map(str::to_owned).unwrap_or(text)
}
