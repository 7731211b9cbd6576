// A witness in the page: npm's yjs over every update that the page's socket sends and receives, and so
// what the page's document must be. It is injected before the page's own scripts, and takes no part.

import * as decoding from "lib0/decoding";
import * as Y from "yjs";

const doc = new Y.Doc();
// Yjs would tidy up formats on receipt, which no replica of ours does: see `shared::document::replica`.
doc.on("beforeObserverCalls", (transaction) => (transaction.local = true));

/** Message types of shared/PROTOCOL.md that carry an update. */
const SYNC = 0;
const STEP1 = 0;
const WRITE = 101;

function take(data) {
  const decoder = decoding.createDecoder(new Uint8Array(data));
  const type = decoding.readVarUint(decoder);
  if (type === WRITE) decoding.readVarUint(decoder);
  else if (type !== SYNC || decoding.readVarUint(decoder) === STEP1) return;
  Y.applyUpdate(doc, decoding.readVarUint8Array(decoder));
}

window.WebSocket = class extends WebSocket {
  constructor(...address) {
    super(...address);
    this.binaryType = "arraybuffer";
    this.addEventListener("message", (event) => take(event.data));
  }

  send(data) {
    // What is sent lies in memory that the page goes on writing into.
    take(new Uint8Array(data).slice());
    super.send(data);
  }
};

const INLINE = ["bold", "italic", "underline", "link"];

/** The lines as they look, so that two texts which look alike are equal: as `shared::delta::visible_lines`. */
function visible(ops) {
  const lines = [];
  let line = [];
  let last = null;
  for (const { insert, attributes = {} } of ops) {
    for (const part of (typeof insert === "string" ? insert : "\u{FFFC}").split(/(?<=\n)/)) {
      const text = part.replace("\n", "");
      const marks = JSON.stringify(INLINE.filter((name) => attributes[name]).map((name) => [name, attributes[name]]));
      if (text && marks === last) line[line.length - 1][0] += text;
      else if (text) line.push([text, (last = marks)]);
      if (text !== part) {
        const { header, list, indent } = attributes;
        const item = ["bullet", "ordered", "lettered"].includes(list);
        const kind = header >= 1 && header <= 3 ? `h${header}` : item ? `${list} ${Math.min(indent ?? 0, 8)}` : "p";
        lines.push([kind, line]);
        line = [];
        last = null;
      }
    }
  }
  return JSON.stringify(lines);
}

window.samsynWitness = {
  inserts: (section) => doc.getText(`section:${section}`).toDelta(),

  /** What is shown and what the document says, when they differ. */
  parted(section) {
    const shown = visible(samsynShown.inserts(section));
    const held = visible(samsynWitness.inserts(section));
    return shown === held ? null : { shown, held };
  },
};
