// A stock client: npm's yjs and y-websocket as any program would use them. It takes one question a
// line, as JSON, and answers each with one line: {"answer": ...} or {"error": ...}.

import { createInterface } from "node:readline";
import * as decoding from "lib0/decoding";
import { WebSocket } from "ws";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

// Node before 22 has none, and y-websocket takes the global one.
globalThis.WebSocket = WebSocket;

const doc = new Y.Doc();
let provider;
/** What came over the socket that y-websocket does not tell of. */
const heard = { echoes: 0, denied: [], types: [], closes: [] };

const text = (section) => doc.getText(`section:${section}`);

/** Looks into a frame without taking part in it. */
function listen(frame) {
  const decoder = decoding.createDecoder(new Uint8Array(frame.data));
  const type = decoding.readVarUint(decoder);
  if (!heard.types.includes(type)) heard.types.push(type);
  if (type === 0 && decoding.readVarUint(decoder) === 2) {
    const { structs } = Y.decodeUpdate(decoding.readVarUint8Array(decoder));
    if (structs.some((struct) => struct.id.client === doc.clientID)) heard.echoes++;
  }
  if (type === 2 && decoding.readVarUint(decoder) === 0) heard.denied.push(decoding.readVarString(decoder));
}

const answers = {
  async join({ server, room, token }) {
    provider = new WebsocketProvider(server, room, doc, { params: { token } });
    provider.ws.addEventListener("message", listen);
    provider.on("connection-close", (event) => heard.closes.push(event?.code ?? null));
    await new Promise((resolve) => provider.once("sync", resolve));
  },
  delta: ({ section }) => text(section).toDelta(),
  change: ({ section, delta }) => text(section).applyDelta(delta),
  announce({ user, section, index }) {
    const at = Y.createRelativePositionFromTypeIndex(text(section), index);
    provider.awareness.setLocalStateField("user", user);
    // y-quill sends the position as plain JSON.
    const plain = JSON.parse(JSON.stringify(at));
    provider.awareness.setLocalStateField("cursor", { anchor: plain, head: plain });
  },
  others: () =>
    [...provider.awareness.getStates()]
      .filter(([client]) => client !== doc.clientID)
      .map(([client, state]) => ({ client, ...state, index: indexOf(state.cursor) })),
  heard: () => ({ ...heard, connected: provider.wsconnected }),
};

/** Where a caret is, resolved as y-quill resolves it. */
function indexOf(cursor) {
  if (!cursor?.head) return null;
  const at = Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(cursor.head), doc);
  return at && { index: at.index, section: [...doc.share].find(([, type]) => type === at.type)?.[0] };
}

// What y-websocket warns of must not be taken for an answer.
console.log = console.info = console.warn = console.error;

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
