//! A CPU profile of a page, read: which functions the main thread spent the most time in.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;
use std::fmt::Write;

/// How many functions are listed.
const LISTED: usize = 40;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    nodes: Vec<Node>,
    samples: Vec<u64>,
    time_deltas: Vec<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    id: u64,
    call_frame: CallFrame,
    #[serde(default)]
    children: Vec<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallFrame {
    function_name: String,
    url: String,
    line_number: i64,
    column_number: i64,
}

impl CallFrame {
    fn told(&self) -> String {
        let name = if self.function_name.is_empty() { "(anonymous)" } else { &self.function_name };
        let file = self.url.rsplit('/').next().unwrap_or_default();
        let file = file.split('?').next().unwrap_or_default();
        match (file, self.line_number) {
            ("", _) => name.to_string(),
            // All of a module of WebAssembly is one line; the column is the place in the file.
            (_, line) => format!("{name}  {file}:{}:{}", line + 1, self.column_number + 1),
        }
    }
}

/// What the profiler calls time in which there was nothing to do.
const IDLE: &str = "(idle)";

/// The functions by their own time, and by their time with all that they call: in shares of the time in which
/// there was something to do, and in ms divided by a count, such as the number of keys.
pub(super) fn top(profile: &Value, count: usize) -> Result<String> {
    let profile: Profile = Profile::deserialize(profile).context("this is no CPU profile")?;
    let nodes: HashMap<u64, &Node> = profile.nodes.iter().map(|node| (node.id, node)).collect();
    let mut own: HashMap<u64, f64> = HashMap::new();
    for (sample, delta) in profile.samples.iter().zip(&profile.time_deltas) {
        *own.entry(*sample).or_default() += *delta as f64 / 1000.0;
    }
    let mut selves: HashMap<String, f64> = HashMap::new();
    for (id, time) in &own {
        *selves.entry(nodes.get(id).context("a sample of no function")?.call_frame.told()).or_default() +=
            time;
    }
    let mut totals = HashMap::new();
    if let Some(root) = profile.nodes.first() {
        total(root, &nodes, &own, &mut Vec::new(), &mut totals);
    }
    let whole: f64 = selves.values().sum();
    let all = whole - selves.remove(IDLE).unwrap_or_default();
    let each = count.max(1) as f64;
    let mut out = format!("busy for {:.1} of {:.1} s; by function, itself\n", all / 1000.0, whole / 1000.0);
    list(&mut out, &selves, all, each);
    out.push_str("by function, with all that it calls\n");
    totals.retain(|name, _| name != IDLE && name != "(root)");
    list(&mut out, &totals, all, each);
    Ok(out)
}

/// Adds up what a function and those it calls took; one that calls itself counts once.
fn total(
    node: &Node,
    nodes: &HashMap<u64, &Node>,
    own: &HashMap<u64, f64>,
    above: &mut Vec<String>,
    totals: &mut HashMap<String, f64>,
) -> f64 {
    let name = node.call_frame.told();
    let is_outermost = !above.contains(&name);
    above.push(name);
    let mut time = own.get(&node.id).copied().unwrap_or_default();
    for child in node.children.iter().filter_map(|id| nodes.get(id)) {
        time += total(child, nodes, own, above, totals);
    }
    if let Some(name) = above.pop().filter(|_| is_outermost) {
        *totals.entry(name).or_default() += time;
    }
    time
}

fn list(out: &mut String, times: &HashMap<String, f64>, all: f64, each: f64) {
    let mut sorted: Vec<_> = times.iter().collect();
    sorted.sort_unstable_by(|left, right| right.1.total_cmp(left.1));
    for (name, time) in sorted.into_iter().take(LISTED) {
        writeln!(out, "{:>6.2}%  {:>9.3} ms  {name}", 100.0 * time / all, time / each)
            .expect("a String takes what is written");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn own_and_whole_times_are_told_apart() {
        let frame =
            |name: &str| json!({"functionName": name, "url": "", "lineNumber": -1, "columnNumber": -1});
        let profile = json!({
            "nodes": [
                {"id": 1, "callFrame": frame("(root)"), "children": [2, 5]},
                {"id": 5, "callFrame": frame("(idle)")},
                {"id": 2, "callFrame": frame("outer"), "children": [3]},
                {"id": 3, "callFrame": frame("inner"), "children": [4]},
                {"id": 4, "callFrame": frame("outer")},
            ],
            "samples": [2, 3, 4, 4, 5], "timeDeltas": [1000, 2000, 3000, 4000, 90_000],
        });
        let told = top(&profile, 2).unwrap();
        for line in
            ["80.00%      4.000 ms  outer", "100.00%      5.000 ms  outer", "90.00%      4.500 ms  inner"]
        {
            assert!(told.contains(line), "{line}: {told}");
        }
    }
}
