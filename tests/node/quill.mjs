// A page of somebody else's: npm's Quill, y-quill and y-websocket, unchanged, in the same document.

import Quill from "quill";
import { QuillBinding } from "y-quill";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

const doc = new Y.Doc();
let provider;
let quill;
let binding;

const text = (section) => doc.getText(`section:${section}`);

window.samsynQuill = {
  /** Resolves when y-websocket says that it is in sync. */
  join(server, room, token) {
    provider = new WebsocketProvider(server, room, doc, { params: { token }, maxBackoffTime: 200 });
    return new Promise((resolve) => provider.once("sync", resolve));
  },

  /** A new editor over a section. */
  edit(section) {
    binding?.destroy();
    document.body.replaceChildren(document.createElement("div"));
    quill = new Quill(document.body.firstChild);
    binding = new QuillBinding(text(section), quill, provider.awareness);
  },

  text: () => quill.getText(),

  /** What a person does with the editor, who sees this text in it; nothing when it is another by now. */
  change: (seen, delta) => void (quill.getText() === seen && quill.updateContents(delta, "user")),

  /** What the editor shows, what its document says, and whether it is in touch with the server. */
  state: (section) => ({
    shown: quill.getContents().ops,
    held: text(section).toDelta(),
    connected: provider.wsconnected && provider.synced,
  }),
};
