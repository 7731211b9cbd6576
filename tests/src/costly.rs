//! Updates that are small on the wire and cost yrs much, made by hand: each kind by name, in any size. They are well
//! formed, so the scan lets them through; what bounds their work is the room.

use rand::Rng;

use crate::lib0::Bytes;

/// The client that wrote the text that the others write in.
const BASE: u64 = 7;

/// One kind of costly work.
#[derive(Debug, Clone, Copy)]
pub struct Costly {
    /// What is costly about it.
    pub name: &'static str,
    /// The size at which it was found.
    pub size: u64,
    /// The updates that do it, the first one harmless.
    pub updates: fn(u64) -> Vec<Vec<u8>>,
}

/// All of them.
pub const KINDS: [Costly; 14] = [
    Costly { name: "siblings at one place, in the worst order", size: 5_000, updates: siblings },
    Costly { name: "client ids that write one key", size: 40_000, updates: keys },
    Costly { name: "deleted ranges from the end of a text", size: 100_000, updates: ranges },
    Costly { name: "inserts without a right neighbour", size: 100_000, updates: without_right },
    Costly { name: "inserts without any neighbour", size: 100_000, updates: without_any },
    Costly { name: "inserts of one client, from the end", size: 100_000, updates: from_the_end },
    Costly { name: "inserts of many clients, at places of their own", size: 18_000, updates: places },
    Costly { name: "deletions that part what open inserts look over", size: 100_000, updates: parted },
    Costly { name: "blocks of many clients that reach over a long text", size: 15_000, updates: reaching },
    Costly { name: "chains of many clients", size: 94_000, updates: chains },
    Costly { name: "ids of content that is gone", size: 450_000, updates: gone },
    Costly { name: "blocks that become one in pairs", size: 100_000, updates: pairs },
    Costly { name: "formats of many names, all of them open", size: 20_000, updates: formats },
    Costly {
        name: "deletions of one character each in pieces of a large text",
        size: 50_000,
        updates: crumbs,
    },
];

/// A text between two neighbours.
fn between(bytes: Bytes, left: (u64, u64), right: (u64, u64), text: &str) -> Bytes {
    bytes.byte(0xC4).numbers(&[left.0, left.1, right.0, right.1]).string(text)
}

/// A text of so many characters, as one block: what [`random`] updates stand on.
#[must_use]
pub fn base(characters: u64) -> Vec<u8> {
    text(characters)
}

fn text(characters: u64) -> Vec<u8> {
    let start = Bytes::default().numbers(&[1, 1, BASE, 0]).byte(4).numbers(&[1]).string("section:text");
    start.string("x".repeat(usize::try_from(characters).expect("a few million"))).numbers(&[0]).0
}

/// Each of its own client, beside the same two characters; an earlier block of each waits for the one before it, so
/// that each looks at all that are there.
fn siblings(count: u64) -> Vec<Vec<u8>> {
    let mut update = Bytes::default().numbers(&[count]);
    for n in 0..count {
        let client = 1_000 + n;
        update = update.numbers(&[2, client, 0]);
        update = match n {
            0 => between(update, (BASE, 5), (BASE, 6), "y"),
            _ => between(update, (client - 1, 1), (BASE, 1), "y"),
        };
        update = between(update, (BASE, 0), (BASE, 1), "x");
    }
    vec![text(10), update.numbers(&[0]).0]
}

fn keys(count: u64) -> Vec<Vec<u8>> {
    let mut update = Bytes::default().numbers(&[count]);
    for n in 0..count {
        update = update.numbers(&[1, 1_000 + n, 0]).byte(0x28).numbers(&[1]).string("meta").string("k");
        update = update.numbers(&[1]).byte(126);
    }
    vec![text(10), update.numbers(&[0]).0]
}

fn ranges(count: u64) -> Vec<Vec<u8>> {
    let mut update = Bytes::default().numbers(&[0, 1, BASE, count]);
    for n in (0..count).rev() {
        update = update.numbers(&[2 * n, 1]);
    }
    vec![text(2 * count + 2), update.0]
}

fn without_right(count: u64) -> Vec<Vec<u8>> {
    let mut update = Bytes::default().numbers(&[1, count, 1_000, 0]);
    for n in 0..count {
        update = update.byte(0x84).numbers(&[BASE, n]).string("y");
    }
    vec![text(count + 2), update.numbers(&[0]).0]
}

fn without_any(count: u64) -> Vec<Vec<u8>> {
    let mut update = Bytes::default().numbers(&[1, count, 1_000, 0]);
    for _ in 0..count {
        update = update.byte(4).numbers(&[1]).string("section:text").string("y");
    }
    vec![text(10), update.numbers(&[0]).0]
}

fn from_the_end(count: u64) -> Vec<Vec<u8>> {
    let mut update = Bytes::default().numbers(&[1, count, 1_000, 0]);
    for n in (0..count).rev() {
        update = between(update, (BASE, n), (BASE, n + 1), "y");
    }
    vec![text(count + 2), update.numbers(&[0]).0]
}

fn places(count: u64) -> Vec<Vec<u8>> {
    let mut update = Bytes::default().numbers(&[count]);
    for n in 0..count {
        update = between(update.numbers(&[1, 1_000 + n, 0]), (BASE, n), (BASE, n + 1), "y");
    }
    vec![text(count + 2), update.numbers(&[0]).0]
}

/// A few inserts without a right neighbour look at all that is behind them; then every second character of that is
/// deleted.
fn parted(count: u64) -> Vec<Vec<u8>> {
    let inserts = count / 25;
    let mut update = Bytes::default().numbers(&[1, inserts, 1_000, 0]);
    for n in 0..inserts {
        update = update.byte(0x84).numbers(&[BASE, n]).string("y");
    }
    let mut deletions = Bytes::default().numbers(&[0, 1, BASE, count / 2]);
    for n in 0..count / 2 {
        deletions = deletions.numbers(&[2 * n, 1]);
    }
    vec![text(count + 2), update.numbers(&[0]).0, deletions.0]
}

/// As the search for the worst found it: each client's blocks stand one behind the other, at a place of their own.
fn chains(count: u64) -> Vec<Vec<u8>> {
    const LINKS: u64 = 53;
    let clients = count / LINKS;
    let mut update = Bytes::default().numbers(&[clients]);
    for n in 0..clients {
        update = update.numbers(&[LINKS, 1_000 + n, 0]);
        for link in 0..LINKS {
            let left = if link == 0 { (BASE, n) } else { (1_000 + n, link - 1) };
            update = between(update, left, (BASE, clients + 1), "y");
        }
    }
    vec![text(clients + 3), update.numbers(&[0]).0]
}

/// A text in many blocks, and then as many that each have its beginning as their left neighbour and something near its
/// end as their right one: few look at much as they come, and most at every opening, where they come by client.
fn reaching(count: u64) -> Vec<Vec<u8>> {
    let mut parts = Bytes::default().numbers(&[1, count, 1_000, 0]);
    for n in 0..count {
        parts = between(parts, (BASE, n), (BASE, n + 1), "y");
    }
    let mut update = Bytes::default().numbers(&[count]);
    for n in 0..count {
        let client = if n % 2 == 0 { (1 << 20) - n } else { (1 << 40) + n };
        update =
            between(update.numbers(&[1, client, 0]), (BASE, 0), (BASE, count - 1 - n % (count / 2)), "z");
    }
    vec![text(count + 2), parts.numbers(&[0]).0, update.numbers(&[0]).0]
}

fn gone(count: u64) -> Vec<Vec<u8>> {
    let mut update = Bytes::default().numbers(&[count]);
    for n in 0..count {
        update =
            update.numbers(&[1, 1_000 + n, 0]).byte(1).numbers(&[1]).string("section:text").numbers(&[1]);
    }
    vec![text(10), update.numbers(&[0]).0]
}

/// Every second block stands right of the one before it, every other at a place of its own.
fn pairs(count: u64) -> Vec<Vec<u8>> {
    let mut update = Bytes::default().numbers(&[1, count, 1_000, 0]);
    for n in 0..count {
        update = match n % 2 {
            0 => between(update, (BASE, n), (BASE, n + 1), "y"),
            _ => between(update, (1_000, n - 1), (BASE, n), "z"),
        };
    }
    vec![text(count + 2), update.numbers(&[0]).0]
}

fn formats(count: u64) -> Vec<Vec<u8>> {
    let mut update = Bytes::default().numbers(&[1, 2 * count, 1_000, 0]);
    for n in 0..count {
        // A format that begins, and a character in it.
        update = update.byte(0xC6).numbers(&[BASE, n, BASE, n + 1]).string(format!("f{n}")).string("true");
        update = between(update, (1_000, 2 * n), (BASE, n + 1), "y");
    }
    vec![text(count + 2), update.numbers(&[0]).0]
}

/// A text in which every second character is another's, and each character of it deleted alone.
fn crumbs(count: u64) -> Vec<Vec<u8>> {
    let mut deletions = Bytes::default().numbers(&[0, 1, BASE, count]);
    for n in 0..count {
        deletions = deletions.numbers(&[(n * 7_919) % count, 1]);
    }
    let mut all = from_the_end(count);
    all.push(deletions.0);
    all
}

/// A word of a client's own between two characters of the base text's.
#[must_use]
pub fn word(client: u64, at: u64) -> Vec<u8> {
    let update = between(Bytes::default().numbers(&[1, 1, client, 0]), (BASE, at), (BASE, at + 1), "ord");
    update.numbers(&[0]).0
}

/// An update of random blocks: any neighbours, any order, some clients, some deletions. `base` is how many characters
/// there are of the base text's.
pub fn random(rng: &mut impl Rng, base: u64, plan: &Plan) -> Vec<u8> {
    let mut update = Bytes::default().numbers(&[plan.clients]);
    let first = rng.random_range(1_000_000..1 << 40);
    for client in first..first + plan.clients {
        update = update.numbers(&[plan.blocks, client, 0]);
        for clock in 0..plan.blocks {
            let left = match rng.random_range(0..10) {
                n if n < plan.own && clock > 0 => (client, clock - 1),
                n if n < plan.own + plan.others && client > first => {
                    (client - 1, rng.random_range(0..plan.blocks))
                }
                _ => (BASE, rng.random_range(0..plan.near.clamp(1, base - 1))),
            };
            update = match rng.random_range(0..10) {
                n if n < plan.open => update.byte(0x84).numbers(&[left.0, left.1]).string("y"),
                n if n < plan.open + plan.far => between(update, left, (BASE, base - 1), "y"),
                _ if left.0 == BASE => between(update, left, (BASE, left.1 + 1), "y"),
                _ => between(update, left, (BASE, rng.random_range(0..base)), "y"),
            };
        }
    }
    if plan.ranges == 0 {
        return update.numbers(&[0]).0;
    }
    update = update.numbers(&[1, BASE, plan.ranges]);
    for _ in 0..plan.ranges {
        update = update.numbers(&[rng.random_range(0..base), 1]);
    }
    update.0
}

/// How random updates are drawn; a search changes it step by step.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Clients in it.
    pub clients: u64,
    /// Blocks of each.
    pub blocks: u64,
    /// Deleted ranges.
    pub ranges: u64,
    /// Of ten blocks, how many stand behind the one before.
    pub own: u64,
    /// Of ten, how many stand behind one of another client.
    pub others: u64,
    /// Of ten, how many have no right neighbour.
    pub open: u64,
    /// Of ten, how many have the last character as their right neighbour.
    pub far: u64,
    /// Among how many characters the places are.
    pub near: u64,
}

impl Plan {
    /// One to begin with.
    pub const FIRST: Self =
        Self { clients: 4, blocks: 20, ranges: 10, own: 3, others: 2, open: 2, far: 2, near: 1_000 };

    /// Another one like it.
    #[must_use]
    pub fn changed(&self, rng: &mut impl Rng) -> Self {
        let mut plan = self.clone();
        let grown = |rng: &mut dyn rand::RngCore, value: u64, most: u64| {
            let factor = [1, 2, 3, 5, 8][rng.random_range(0..5)];
            let changed =
                if rng.random_bool(0.5) { value * factor / 2 + 1 } else { value * 2 / (factor + 1) };
            changed.clamp(1, most)
        };
        for _ in 0..rng.random_range(1..4) {
            match rng.random_range(0..8) {
                0 => plan.clients = grown(rng, plan.clients, 5_000),
                1 => plan.blocks = grown(rng, plan.blocks, 20_000 / plan.clients + 1),
                2 => plan.ranges = grown(rng, plan.ranges, 20_000),
                3 => plan.own = rng.random_range(0..10),
                4 => plan.others = rng.random_range(0..10),
                5 => plan.open = rng.random_range(0..10),
                6 => plan.far = rng.random_range(0..10),
                _ => plan.near = grown(rng, plan.near, 100_000),
            }
        }
        plan
    }
}
