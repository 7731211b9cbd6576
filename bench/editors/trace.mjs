// A document with a long history: how about 260,000 single characters were typed and deleted, from a fixed seed.
// Several people typed one after the other, in runs, with jumps and deletions; about 100 kB of text are left.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import * as Y from "yjs";
import { Chance } from "./chance.mjs";

/** How many edits one person makes before the next begins. */
const TURN = 5000;

/** Makes the history in one structure, and gives it as updates of one turn each. */
export function trace(structure, edits) {
  const doc = new Y.Doc();
  const chance = new Chance(2);
  const turns = [];
  let updates = [];
  doc.on("update", (update) => updates.push(update));
  structure.fill(doc, [{ kind: "paragraph", text: "Början.", bold: null }]);

  // Where the caret is: which line it is in, how long the line is, and where in it. Lines keep their order, so that
  // a flat index is the sum of what stands before.
  const first = structure.lines(doc)[0];
  const lines = [{ type: first.type, size: first.to - first.from }];
  let [line, column] = [0, lines[0].size];
  const flat = first.type === structure.root(doc);
  const start = () => {
    if (!flat) return 0;
    let sum = 0;
    for (let index = 0; index < line; index++) sum += lines[index].size + 1;
    return sum;
  };
  let [begun, done] = [start(), 0];

  while (done < edits) {
    if (done >= TURN * (turns.length + 1)) {
      turns.push(Y.mergeUpdates(updates));
      updates = [];
      doc.clientID = 1000 + turns.length;
    }
    if (chance.is(0.3)) {
      line = chance.is(0.7) ? Math.min(lines.length - 1, Math.max(0, line - 2 + chance.below(5))) : chance.below(lines.length);
      column = chance.below(lines[line].size + 1);
      begun = start();
    }
    if (chance.is(0.43)) {
      for (let left = Math.min(chance.run(17), column); left > 0; left--) {
        column--;
        lines[line].type.delete(begun + column, 1);
        lines[line].size--;
        done++;
      }
      continue;
    }
    let run = "";
    for (const size = chance.run(22); run.length < size; ) run += `${chance.word()} `;
    for (const character of run) {
      lines[line].type.insert(begun + column, character);
      lines[line].size++;
      column++;
      done++;
    }
    if (lines[line].size > 300 && chance.is(0.5)) {
      const { type } = structure.newLine(lines[line].type, begun + column);
      lines.splice(line + 1, 0, { type, size: 0 });
      line++;
      column = 0;
      begun = start();
      done++;
    }
  }
  turns.push(Y.mergeUpdates(updates));
  return turns;
}

/** The same history, from the file in which it was kept when it was first made. */
export async function kept(name, structure, edits) {
  const path = `traces/${name}-${edits}.json`;
  const text = await readFile(path, "utf8").catch(() => null);
  if (text) return JSON.parse(text).map((turn) => new Uint8Array(Buffer.from(turn, "base64")));
  const turns = trace(structure, edits);
  await mkdir("traces", { recursive: true });
  await writeFile(path, JSON.stringify(turns.map((turn) => Buffer.from(turn).toString("base64"))));
  return turns;
}
