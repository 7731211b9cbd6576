// How an editor's document holds lines of text: as one flat Y.Text (Samsyn, y-quill) or as an XmlFragment with an
// element for each block (y-prosemirror). Writers and traces change both through the same few functions.

import * as Y from "yjs";

/** One Y.Text in which each line ends with a line end that carries the line's format. */
export const flat = {
  root: (doc) => doc.getText("section:text"),

  /** Puts lines into an empty document. The last line has no line end: it is there already, or the view's own. */
  fill(doc, lines) {
    const ops = [];
    lines.forEach(({ kind, text, bold }, index) => {
      if (bold) {
        ops.push({ insert: text.slice(0, bold.from) });
        ops.push({ insert: text.slice(bold.from, bold.to), attributes: { bold: true } });
        ops.push({ insert: text.slice(bold.to) });
      } else ops.push({ insert: text });
      if (index + 1 === lines.length) return;
      const attributes = { heading: { header: 2 }, bullet: { list: "bullet" } }[kind];
      ops.push({ insert: "\n", ...(attributes && { attributes }) });
    });
    flat.root(doc).applyDelta(ops, { sanitize: false });
  },

  /** Each line as the type that holds it, and where in it the line's text begins and ends. */
  lines(doc) {
    const type = flat.root(doc);
    let from = 0;
    return type
      .toString()
      .replace(/\n$/, "")
      .split("\n")
      .map((text) => {
        const line = { type, from, to: from + text.length, text };
        from = line.to + 1;
        return line;
      });
  },

  /** Begins a plain line after the one that holds this place; gives the place in it. */
  newLine(type, index) {
    const text = type.toString();
    const end = text.indexOf("\n", index);
    const at = end < 0 ? text.length : end;
    type.insert(at, "\n", {});
    return { type, index: at + 1 };
  },

  same: (doc) => JSON.stringify(flat.root(doc).toDelta()),
};

/** Elements as y-prosemirror makes them of the basic schema with lists. */
export const xml = {
  root: (doc) => doc.getXmlFragment("prosemirror"),

  fill(doc, lines) {
    const blocks = [];
    let list = null;
    for (const { kind, text, bold } of lines) {
      const block = new Y.XmlElement(kind === "heading" ? "heading" : "paragraph");
      if (kind === "heading") block.setAttribute("level", 2);
      const inner = new Y.XmlText();
      inner.insert(0, text);
      if (bold) inner.format(bold.from, bold.to - bold.from, { strong: {} });
      block.insert(0, [inner]);
      if (kind === "bullet") {
        const item = new Y.XmlElement("list_item");
        item.insert(0, [block]);
        if (list) list.push(item);
        else list = [item];
        continue;
      }
      if (list) blocks.push(listOf(list));
      list = null;
      blocks.push(block);
    }
    if (list) blocks.push(listOf(list));
    xml.root(doc).insert(0, blocks);
  },

  lines(doc) {
    const found = [];
    const walk = (parent) => {
      for (const child of parent.toArray()) {
        if (!(child instanceof Y.XmlElement)) continue;
        const type = child.firstChild;
        if (type instanceof Y.XmlText) {
          const text = type.toDelta().map(({ insert }) => insert).join("");
          found.push({ type, from: 0, to: text.length, text });
        } else if (type) walk(child);
        else found.push({ type: null, from: 0, to: 0, text: "" });
      }
    };
    walk(xml.root(doc));
    return found;
  },

  newLine(type) {
    const block = type.parent;
    const inner = new Y.XmlText();
    const made = new Y.XmlElement("paragraph");
    made.insert(0, [inner]);
    block.parent.insertAfter(block, [made]);
    return { type: inner, index: 0 };
  },

  same: (doc) => xml.root(doc).toString(),
};

function listOf(items) {
  const list = new Y.XmlElement("bullet_list");
  list.insert(0, items);
  return list;
}
