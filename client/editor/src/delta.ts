// Between ProseMirror's lines and the model's flat text: positions, lines as inserts, and a delta as
// fine steps. A position in the model is an index in UTF-16 code units; each line takes one unit more
// than its text (its `\n`), in ProseMirror two.

import type { Mark, Node } from "prosemirror-model";
import type { Transaction } from "prosemirror-state";
import { LINE_ATTRIBUTES, schema } from "./schema";

type Attributes = Record<string, unknown>;

/** One step of a Quill delta. */
export interface Op {
  insert?: string;
  retain?: number;
  delete?: number;
  attributes?: Attributes;
}

const lineType = schema.nodes["line"]!;

/** Where a line begins: its place among the lines, its node, and its position before its start. */
interface LineAt {
  node: Node;
  before: number;
  offset: number;
}

function lineAt(doc: Node, index: number): LineAt {
  let before = 0;
  for (let i = 0; ; i++) {
    const node = doc.child(i);
    const size = node.content.size;
    if (index <= size || i + 1 === doc.childCount) return { node, before, offset: Math.min(index, size) };
    index -= size + 1;
    before += node.nodeSize;
  }
}

export function positionOf(doc: Node, index: number): number {
  const { before, offset } = lineAt(doc, Math.max(index, 0));
  return before + 1 + offset;
}

export function indexOf(doc: Node, position: number): number {
  const at = doc.resolve(position);
  const index = at.depth > 0 ? position - at.index(0) - 1 : position - at.index(0);
  return Math.min(index, length(doc) - 1);
}

/** The text's length in the model, the last line's `\n` included. */
export function length(doc: Node): number {
  return doc.content.size - doc.childCount;
}

function attributesOf(marks: readonly Mark[]): Attributes {
  return Object.fromEntries(marks.map((mark) => [mark.type.name, mark.type.name === "link" ? mark.attrs["href"] : true]));
}

export function marksOf(attributes: Attributes): Mark[] {
  const marks: Mark[] = [];
  for (const [name, value] of Object.entries(attributes)) {
    const type = schema.marks[name];
    if (!type || value === null || value === false) continue;
    if (name === "link" && typeof value !== "string") continue;
    marks.push(type.create(name === "link" ? { href: value } : null));
  }
  return marks;
}

export function lineAttributes(attributes: Attributes): Attributes {
  return Object.fromEntries(LINE_ATTRIBUTES.map((name) => [name, attributes[name] ?? null]));
}

/** Lines `from` up to `to` as inserts. */
export function opsOf(doc: Node, from = 0, to = doc.childCount): Op[] {
  const ops: Op[] = [];
  for (let i = from; i < to; i++) {
    const line = doc.child(i);
    line.forEach((text) => ops.push({ insert: text.text ?? "", attributes: attributesOf(text.marks) }));
    const set = Object.entries(line.attrs).filter(([, value]) => value !== null);
    ops.push({ insert: "\n", attributes: Object.fromEntries(set) });
  }
  return ops;
}

/** Inserts as a document. A missing `\n` at the end is taken as present. */
export function docOf(ops: readonly Op[]): Node {
  const lines: Node[] = [];
  let texts: Node[] = [];
  let open = true;
  for (const { insert, attributes = {} } of ops) {
    for (const part of (insert ?? "").split(/(?<=\n)/)) {
      open = !part.endsWith("\n");
      const text = open ? part : part.slice(0, -1);
      if (text) texts.push(schema.text(text, marksOf(attributes)));
      if (!open) {
        lines.push(lineType.create(lineAttributes(attributes), texts));
        texts = [];
      }
    }
  }
  if (open) lines.push(lineType.create(null, texts));
  return schema.node("doc", null, lines);
}

/** A change of the model as steps on the view's document. */
export function applyDelta(tr: Transaction, ops: readonly Op[]): void {
  let index = 0;
  for (const op of ops) {
    if (op.insert !== undefined) {
      for (const part of op.insert.split(/(\n)/)) {
        if (part === "\n") insertLineEnd(tr, index, lineAttributes(op.attributes ?? {}));
        else if (part) tr.insert(positionOf(tr.doc, index), schema.text(part, marksOf(op.attributes ?? {})));
        index += part.length;
      }
    } else if (op.delete !== undefined) {
      deleteUnits(tr, index, op.delete);
    } else if (op.retain !== undefined) {
      if (op.attributes) format(tr, index, op.retain, op.attributes);
      index += op.retain;
    }
  }
}

/** A new `\n` ends the part before it, with its own attributes; the rest keeps the line's. At either
 * end of the line nothing is split, so that the element which shows the text stays. */
function insertLineEnd(tr: Transaction, index: number, attrs: Attributes): void {
  const { node, before, offset } = lineAt(tr.doc, index);
  if (offset === 0) {
    tr.insert(before, lineType.create(attrs));
    return;
  }
  if (offset === node.content.size) tr.insert(before + node.nodeSize, lineType.create(node.attrs));
  else tr.split(before + 1 + offset, 1, [{ type: lineType, attrs: node.attrs }]);
  tr.setNodeMarkup(before, null, attrs);
}

/** What is joined by deleting a `\n` has the attributes of the later line. */
function deleteUnits(tr: Transaction, index: number, count: number): void {
  const first = lineAt(tr.doc, index);
  const last = lineAt(tr.doc, index + count);
  if (first.before === last.before) {
    tr.delete(first.before + 1 + first.offset, last.before + 1 + last.offset);
  } else if (first.offset === 0 && last.offset === 0) {
    tr.delete(first.before, last.before);
  } else {
    tr.delete(first.before + 1 + first.offset, last.before + 1 + last.offset);
    tr.setNodeMarkup(first.before, null, last.node.attrs);
  }
}

function format(tr: Transaction, index: number, count: number, attributes: Attributes): void {
  const end = index + count;
  let start = 0;
  const doc = tr.doc;
  doc.forEach((line, before) => {
    const stop = start + line.content.size;
    const from = Math.max(index, start);
    const to = Math.min(end, stop);
    if (from < to) formatText(tr, before + 1 + from - start, before + 1 + to - start, attributes);
    if (index <= stop && stop < end) {
      const changed = LINE_ATTRIBUTES.filter((name) => name in attributes);
      if (changed.length > 0) {
        const change = Object.fromEntries(changed.map((name) => [name, attributes[name]]));
        tr.setNodeMarkup(before, null, { ...line.attrs, ...change });
      }
    }
    start = stop + 1;
  });
}

function formatText(tr: Transaction, from: number, to: number, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    const type = schema.marks[name];
    if (!type) continue;
    const [mark] = marksOf({ [name]: value });
    if (mark) tr.addMark(from, to, mark);
    else tr.removeMark(from, to, type);
  }
}
