// A page with y-prosemirror, set up as its README does: the basic schema with lists, shared carets, shared undo.

import { exampleSetup } from "prosemirror-example-setup";
import { keymap } from "prosemirror-keymap";
import { Schema } from "prosemirror-model";
import { schema as basic } from "prosemirror-schema-basic";
import { addListNodes } from "prosemirror-schema-list";
import { EditorState } from "prosemirror-state";
import { EditorView } from "prosemirror-view";
import { initProseMirrorDoc, redo, undo, yCursorPlugin, ySyncPlugin, yUndoPlugin } from "y-prosemirror";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

const { server, room } = Object.fromEntries(new URLSearchParams(location.search));
const ydoc = new Y.Doc();
const provider = new WebsocketProvider(server, room, ydoc);
provider.awareness.setLocalStateField("user", { name: "Anna", color: "#0b6e4f" });

const schema = new Schema({
  nodes: addListNodes(basic.spec.nodes, "paragraph block*", "block"),
  marks: basic.spec.marks,
});
const type = ydoc.get("prosemirror", Y.XmlFragment);
const { doc, mapping } = initProseMirrorDoc(type, schema);
new EditorView(document.querySelector("#editor"), {
  state: EditorState.create({
    doc,
    schema,
    plugins: [
      ySyncPlugin(type, { mapping }),
      yCursorPlugin(provider.awareness),
      yUndoPlugin(),
      keymap({ "Mod-z": undo, "Mod-y": redo, "Mod-Shift-z": redo }),
    ].concat(exampleSetup({ schema, history: false })),
  }),
});
