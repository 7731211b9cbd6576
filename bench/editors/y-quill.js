// A page with y-quill, set up as its README does: the snow theme with a toolbar, and shared carets.

import Quill from "quill";
import QuillCursors from "quill-cursors";
import { QuillBinding } from "y-quill";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

const { server, room } = Object.fromEntries(new URLSearchParams(location.search));
const ydoc = new Y.Doc();
const provider = new WebsocketProvider(server, room, ydoc);
provider.awareness.setLocalStateField("user", { name: "Anna", color: "#0b6e4f" });

Quill.register("modules/cursors", QuillCursors);
const editor = new Quill("#editor", {
  modules: {
    cursors: true,
    toolbar: [[{ header: [1, 2, false] }], ["bold", "italic", "underline"], [{ list: "ordered" }, { list: "bullet" }]],
    // Undo takes back only one's own, as y-quill's demo has it.
    history: { userOnly: true },
  },
  theme: "snow",
});
new QuillBinding(ydoc.getText("section:text"), editor, provider.awareness);
