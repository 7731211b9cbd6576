//! Deque's axe-core, run in a page: what of it some people could not use.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::node;
use crate::page::Page;

/// WCAG 2.1 up to AA, and what axe-core calls best practice.
const RUN: &str = "
    const done = arguments[0];
    const runOnly = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'];
    axe.run(document, { runOnly, resultTypes: ['violations'] })
        .then(found => done(found.violations), error => done([{ id: String(error), nodes: [] }]))";

/// Waits until nothing moves any more: what is being faded in has no contrast yet. What moves for ever, or with the
/// scrolling, is left to.
const AT_REST: &str = "
    const [done] = arguments;
    const ends = motion => motion.timeline === document.timeline && Number.isFinite(motion.effect?.getComputedTiming().endTime);
    const rest = () => {
        const left = document.getAnimations().filter(motion => motion.playState === 'running' && ends(motion));
        left.length ? Promise.allSettled(left.map(motion => motion.finished)).then(rest) : done();
    };
    rest()";

impl Page {
    /// Each rule that is broken, with the elements that break it and why. None is best.
    ///
    /// # Errors
    /// When axe-core does not run.
    pub async fn violations(&self) -> Result<Vec<String>> {
        if self.script("return typeof axe", vec![]).await? == "undefined" {
            // As a script of the page's would be, but for the page's policy, which allows none.
            self.script(&node::packaged("axe-core/axe.min.js").await?, vec![]).await?;
        }
        self.painted().await?;
        self.driver().execute_async(AT_REST, vec![]).await?;
        let found = self.driver().execute_async(RUN, vec![]).await?;
        let found = found.json().as_array().context("axe-core gave no list")?;
        let broken = found.iter().flat_map(|rule| {
            let nodes = rule["nodes"].as_array().cloned().unwrap_or_default();
            let told =
                move |node: &Value| format!("{} {}: {}", rule["id"], node["html"], node["failureSummary"]);
            match nodes.is_empty() {
                true => vec![rule.to_string()],
                false => nodes.iter().map(told).collect(),
            }
        });
        Ok(broken.collect())
    }
}
