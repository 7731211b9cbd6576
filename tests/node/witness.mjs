// A witness in the page: npm's yjs over every update that the page sends and receives, by a socket or by HTTP, or reads
// on this device, and so what the page's document must be. It is injected before the page's own scripts, and takes no
// part.

import * as decoding from "lib0/decoding";
import * as Y from "yjs";

const doc = new Y.Doc();
// Yjs would tidy up formats on receipt, which no replica of ours does: see `shared::document::replica`.
doc.on("beforeObserverCalls", (transaction) => (transaction.local = true));

/** Message types of shared/PROTOCOL.md that carry an update. */
const SYNC = 0;
const STEP1 = 0;
const WRITE = 101;
const PART = 108;

/** What has come of a message that comes in pieces. */
let pieces = [];

function take(data) {
  const decoder = decoding.createDecoder(new Uint8Array(data));
  const type = decoding.readVarUint(decoder);
  if (type === PART) {
    const isLast = decoding.readVarUint(decoder) === 1;
    pieces.push(...decoding.readVarUint8Array(decoder));
    if (isLast) take(Uint8Array.from(pieces.splice(0)));
    return;
  }
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

/** A record of what this device keeps (`shared::keeping::Record`): its updates are the document's, too. */
function read(record) {
  if (!(record instanceof Uint8Array)) return;
  const decoder = decoding.createDecoder(record);
  const [, , count] = [decoding.readUint8(decoder), decoding.readVarUint(decoder), decoding.readVarUint(decoder)];
  for (let left = count; left > 0; left--) Y.applyUpdate(doc, decoding.readVarUint8Array(decoder));
}

const { get } = Object.getOwnPropertyDescriptor(IDBRequest.prototype, "result");
Object.defineProperty(IDBRequest.prototype, "result", {
  get() {
    const result = get.call(this);
    if (Array.isArray(result)) result.forEach(read);
    return result;
  },
});
window.EventSource = class extends EventSource {
  constructor(...address) {
    super(...address);
    this.addEventListener("message", (event) => take(Uint8Array.from(atob(event.data), (c) => c.charCodeAt(0))));
  }
};

const { fetch } = window;
window.fetch = (address, request) => {
  if (request?.body instanceof Uint8Array) {
    const messages = decoding.createDecoder(request.body.slice());
    while (decoding.hasContent(messages)) take(decoding.readVarUint8Array(messages));
  }
  return fetch(address, request);
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

let composing = false;
for (const kind of ["compositionstart", "compositionend"]) {
  addEventListener(kind, () => (composing = kind === "compositionstart"), true);
}

/** What the browser was about to do to the text last, and whether the page forbade it. */
let last = "";
addEventListener("beforeinput", (event) => {
  const [range] = event.getTargetRanges();
  const at = range && `${range.startContainer.nodeName} ${range.startOffset} to ${range.endContainer.nodeName} ${range.endOffset}`;
  last = `${event.inputType} at ${at}${event.defaultPrevented ? ", forbidden" : ""}`;
});

/** What the page's own policy refused, so that the step is known that asked for it. */
let refused = null;
addEventListener("securitypolicyviolation", ({ violatedDirective, target }) => {
  refused = `${violatedDirective} in ${target?.outerHTML ?? target} after ${last}`;
});

/** A view may gather what others write until the next frame; it may not need many. */
const FRAMES = 12;

/** Whether all that was written here is known to be with the server. */
const isSent = () => document.querySelector("[data-pending]")?.dataset.pending === "0";

const frame = () => new Promise(requestAnimationFrame);

window.samsynWitness = {
  /** Of a section, or of the title, which has its line end only on the page. */
  inserts: (section) =>
    section === "title"
      ? [...doc.getText("title").toDelta(), { insert: "\n" }]
      : doc.getText(`section:${section}`).toDelta(),

  /** What is shown and what the document says, when they differ. */
  parted(section) {
    const shown = visible(samsynShown.inserts(section));
    const held = visible(samsynWitness.inserts(section));
    return shown === held ? null : { shown, held };
  },

  /** The same, once the view has had its frames, or what was refused. While somebody composes it may lag behind. Sees to it that
   * the section has the focus. */
  async check(section) {
    const box = samsynShown.box(section);
    if (document.activeElement !== box) box.focus();
    let parted = composing ? null : samsynWitness.parted(section);
    // What the page has yet to send is in no witness's document: on a busy machine that takes many frames.
    for (let left = FRAMES; parted && left > 0; left -= isSent() ? 1 : 0) {
      await frame();
      parted = composing ? null : samsynWitness.parted(section);
    }
    return refused ? { shown: refused, held: "nothing of the kind" } : parted;
  },

  /** Waits until the page has received so much of a client's. */
  async received(client, clock) {
    while (Y.getState(doc.store, client) < clock) {
      await new Promise((resolve) => doc.once("update", resolve));
    }
    return samsynWitness.vector();
  },

  /** What the page has of each client. */
  vector: () => [...Y.decodeStateVector(Y.encodeStateVector(doc))],
};
