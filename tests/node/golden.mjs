// Prints what npm's y-protocols makes of each kind of message, as one line of JSON: for each its name, its
// bytes in hex, and what is in it. The tests hold the project's own codec against it.

import * as encoding from "lib0/encoding";
import { writePermissionDenied } from "y-protocols/auth";
import * as awareness from "y-protocols/awareness";
import * as sync from "y-protocols/sync";
import * as Y from "yjs";

const hex = (bytes) => Buffer.from(bytes).toString("hex");

/** A document with text of one, two and four bytes a character, formats, a deletion and a map. */
const doc = new Y.Doc();
doc.clientID = 300;
const text = doc.getText("section:text");
text.insert(0, "Mål 😀 för länet\n");
text.format(4, 2, { bold: true, link: "https://example.org/å" });
text.format(16, 1, { header: 2 });
text.delete(0, 1);
text.insertEmbed(0, { image: "x" });
doc.getMap("meta").set("language", { tags: ["sv", null, 1, -2.5, true], nested: { deep: [[]] } });
doc.getMap("meta").set("language", "sv");
const other = new Y.Doc();
other.clientID = Number.MAX_SAFE_INTEGER;
Y.applyUpdate(other, Y.encodeStateAsUpdate(doc));
other.getText("section:text").insert(3, "annan");
Y.applyUpdate(doc, Y.encodeStateAsUpdate(other));

/** Who is here: one with all, one without a caret, one that is gone. */
const people = new awareness.Awareness(doc);
people.setLocalState({ user: { name: "Åsa", color: "#aa2200", organisation: "SOS" }, cursor: null });
const entries = [{ client: 300, clock: people.meta.get(300).clock, state: JSON.stringify(people.getLocalState()) }];
for (const [client, state] of [
  [7, { user: { name: "😀" } }],
  [Number.MAX_SAFE_INTEGER, null],
]) {
  people.states.set(client, state);
  people.meta.set(client, { clock: 2 ** 40, lastUpdated: 0 });
  entries.push({ client, clock: 2 ** 40, state: JSON.stringify(state) });
}
const told = awareness.encodeAwarenessUpdate(people, entries.map((entry) => entry.client));

const messages = [];
const add = (name, type, write, content) => {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, type);
  write(encoder);
  messages.push({ name, bytes: hex(encoding.toUint8Array(encoder)), content });
};
const update = Y.encodeStateAsUpdate(doc);
add("step1", 0, (e) => sync.writeSyncStep1(e, doc), hex(Y.encodeStateVector(doc)));
add("step1", 0, (e) => sync.writeSyncStep1(e, new Y.Doc()), hex(Y.encodeStateVector(new Y.Doc())));
add("step2", 0, (e) => sync.writeSyncStep2(e, doc), hex(update));
add("update", 0, (e) => sync.writeUpdate(e, update), hex(update));
const gapped = Y.diffUpdate(update, Y.encodeStateVector(other));
add("update", 0, (e) => sync.writeUpdate(e, gapped), hex(gapped));
add("presence", 1, (e) => encoding.writeVarUint8Array(e, told), entries);
const nobody = awareness.encodeAwarenessUpdate(people, []);
add("presence", 1, (e) => encoding.writeVarUint8Array(e, nobody), []);
add("denied", 2, (e) => writePermissionDenied(e, "permission denied å"), "permission denied å");
add("query", 3, () => {}, null);

console.log(JSON.stringify(messages));
people.destroy();
