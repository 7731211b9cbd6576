// A Yjs document that is kept in step with a server over a real WebSocket, as y-websocket keeps it, with the same
// packages. What it leaves out is to decode where the others' carets are: nobody looks at this replica.

import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { WebSocket } from "ws";
import * as awareness from "y-protocols/awareness";
import * as sync from "y-protocols/sync";
import * as Y from "yjs";

const SYNC = 0;
const AWARENESS = 1;

export class Connection {
  constructor(address) {
    this.doc = new Y.Doc();
    this.awareness = new awareness.Awareness(this.doc);
    this.closed = null;
    this.synced = new Promise((resolve, reject) => {
      this.socket = new WebSocket(address, { perMessageDeflate: false });
      this.socket.binaryType = "arraybuffer";
      this.socket.on("open", () => {
        this.#send(SYNC, (encoder) => sync.writeSyncStep1(encoder, this.doc));
      });
      this.socket.on("message", (data) => {
        if (this.#hear(new Uint8Array(data)) === sync.messageYjsSyncStep2) resolve();
      });
      this.socket.on("error", reject);
      this.socket.on("close", (code) => {
        this.closed = code;
        reject(new Error(`the server closed with ${code}`));
      });
    });
    this.doc.on("update", (update, origin) => {
      if (origin !== this) this.#send(SYNC, (encoder) => sync.writeUpdate(encoder, update));
    });
  }

  #send(kind, write) {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, kind);
    write(encoder);
    this.socket.send(encoding.toUint8Array(encoder));
  }

  #hear(bytes) {
    const decoder = decoding.createDecoder(bytes);
    if (decoding.readVarUint(decoder) !== SYNC) return null;
    const answer = encoding.createEncoder();
    encoding.writeVarUint(answer, SYNC);
    const kind = sync.readSyncMessage(decoder, answer, this.doc, this);
    if (encoding.length(answer) > 1) this.socket.send(encoding.toUint8Array(answer));
    return kind;
  }

  /** Says who writes here and where, in the shape that y-quill and y-prosemirror share. */
  announce(user, place) {
    const at = JSON.parse(JSON.stringify(Y.createRelativePositionFromTypeIndex(place.type, place.index)));
    this.awareness.setLocalState({ user, cursor: { anchor: at, head: at } });
    this.#announce();
  }

  /** Says that nobody writes here any more. */
  leave() {
    this.awareness.setLocalState(null);
    this.#announce();
  }

  #announce() {
    const update = awareness.encodeAwarenessUpdate(this.awareness, [this.doc.clientID]);
    this.#send(AWARENESS, (encoder) => encoding.writeVarUint8Array(encoder, update));
  }

  close() {
    this.awareness.destroy();
    this.socket.terminate();
  }
}
