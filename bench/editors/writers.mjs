// The remote writers of one measured run, in one process: it takes one question a line, as JSON, and answers each
// with one line: {"answer": ...} or {"error": ...}.

import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import * as Y from "yjs";
import { Connection } from "./connection.mjs";
import { flat, xml } from "./structure.mjs";
import { document, MIDDLE } from "./text.mjs";
import { kept } from "./trace.mjs";
import { Writer } from "./writer.mjs";

const structures = { flat, xml };
let [address, structure, name] = [];
let writers = [];
let timer = null;
/** How late edits were, at most, in ms. */
let late = 0;

/** Waits until this is so. */
async function until(what, holds, limit = 60_000) {
  const end = Date.now() + limit;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`never: ${what}`);
    await pause(25);
  }
}

/** Reads the document as one who comes now. */
async function fresh() {
  const connection = new Connection(address);
  await connection.synced;
  const answer = { lines: structure.lines(connection.doc).map(({ text }) => text), same: structure.same(connection.doc) };
  connection.close();
  return answer;
}

const answers = {
  /** Which server, and how the editor holds its text. */
  async begin(question) {
    ({ address, structure: name } = question);
    structure = structures[name];
  },

  /** Puts the document there, and waits until one who comes then gets all of it. */
  async fill({ characters, edits }) {
    // Before there is a connection: making a history takes longer than a server waits for a sign of life.
    const turns = edits ? await kept(name, structure, edits) : [];
    const connection = new Connection(address);
    await connection.synced;
    const { doc } = connection;
    if (edits) for (const turn of turns) Y.applyUpdate(doc, turn);
    else doc.transact(() => structure.fill(doc, document(characters)));
    const wanted = structure.same(doc);
    await until("the server has the document", async () => (await fresh()).same === wanted);
    const lines = structure.lines(doc).map(({ text }) => text);
    connection.close();
    return { lines: lines.length, characters: lines.join("").length, middle: MIDDLE };
  },

  /** So many writers come in. */
  async join({ count }) {
    writers = Array.from({ length: count }, (_, number) => new Writer(address, structure, number));
    await Promise.all(writers.map(({ connection }) => connection.synced));
  },

  /** They write from now on, so many edits a second each, evenly spread. */
  write({ rate }) {
    const period = 1000 / rate / writers.length;
    const start = performance.now();
    let done = 0;
    const due = () => {
      const now = performance.now();
      for (; start + done * period <= now; done++) {
        late = Math.max(late, now - start - done * period);
        writers[done % writers.length].edit();
      }
      timer = setTimeout(due, Math.max(1, start + done * period - performance.now()));
    };
    due();
  },

  /** They stop and leave; their replicas stay to be compared. */
  stop() {
    clearTimeout(timer);
    for (const { connection } of writers) connection.leave();
    return { edits: writers.reduce((sum, { edits }) => sum + edits, 0), late };
  },

  /** Waits until all replicas are equal to what one who comes now gets; gives its lines. */
  async compare() {
    const closed = writers.filter(({ connection }) => connection.closed !== null).length;
    let last;
    await until(
      "all replicas are equal",
      async () => {
        last = await fresh();
        return writers.every(({ doc }) => structure.same(doc) === last.same);
      },
      20_000,
    );
    const text = last.lines.join("\n");
    const marks = writers.flatMap((writer) => Array.from({ length: writer.marks }, (_, counter) => writer.mark(counter)));
    const lost = marks.filter((mark) => !text.includes(mark));
    return { lines: last.lines, replicas: writers.length, marks: marks.length, lost: lost.length, closed };
  },

  end() {
    for (const { connection } of writers) connection.close();
    writers = [];
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  let said;
  try {
    const question = JSON.parse(line);
    said = { answer: (await answers[question.do](question)) ?? null };
  } catch (error) {
    said = { error: String(error?.stack ?? error) };
  }
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
process.exit(0);
