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

/** Finds lines from the left to the right: what was passed may change no more. */
class Cursor {
  /** The line's place among the lines, its position before its start, and its index in the model. */
  private line = 0;
  before = 0;
  private start = 0;

  /** Goes to the line that an index is in, and gives how far into it that is. */
  seek(doc: Node, index: number): number {
    let size = doc.child(this.line).content.size;
    while (index > this.start + size && this.line + 1 < doc.childCount) {
      this.start += size + 1;
      this.before += size + 2;
      size = doc.child(++this.line).content.size;
    }
    return Math.min(index - this.start, size);
  }

  node(doc: Node): Node {
    return doc.child(this.line);
  }

  copy(): Cursor {
    return Object.assign(new Cursor(), this);
  }
}

export function positionOf(doc: Node, index: number): number {
  const cursor = new Cursor();
  const offset = cursor.seek(doc, Math.max(index, 0));
  return cursor.before + 1 + offset;
}

export function indexOf(doc: Node, position: number): number {
  const at = doc.resolve(position);
  const index = at.depth > 0 ? position - at.index(0) - 1 : position - at.index(0);
  return Math.min(index, length(doc) - 1);
}

/** Where a line starts in the model, by its place among the lines. */
export function startOf(doc: Node, line: number): number {
  let start = 0;
  for (let before = 0; before < Math.min(line, doc.childCount); before++) start += doc.child(before).content.size + 1;
  return start;
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

/** With a replacement character for each surrogate that stands alone: JSON's readers refuse them. */
export function sound(text: string): string {
  return text.replace(/\p{Surrogate}/gu, "\u{FFFD}");
}

/** Lines `from` up to `to` as inserts. */
export function opsOf(doc: Node, from = 0, to = doc.childCount): Op[] {
  const ops: Op[] = [];
  for (let i = from; i < to; i++) {
    const line = doc.child(i);
    line.forEach((text) => ops.push({ insert: sound(text.text ?? ""), attributes: attributesOf(text.marks) }));
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
  const cursor = new Cursor();
  let index = 0;
  for (const op of ops) {
    if (op.insert !== undefined) {
      const attributes = op.attributes ?? {};
      for (const part of op.insert.split(/(\n)/)) {
        if (part === "\n") insertLineEnd(tr, cursor, index, lineAttributes(attributes));
        else if (part) insertText(tr, cursor, index, schema.text(part, marksOf(attributes)));
        index += part.length;
      }
    } else if (op.delete !== undefined) {
      deleteUnits(tr, cursor, index, op.delete);
    } else if (op.retain !== undefined) {
      if (op.attributes) format(tr, cursor, index, index + op.retain, op.attributes);
      index += op.retain;
    }
  }
}

/** Goes to where a change begins or ends. A pair of surrogates that is cut there becomes two replacement
 * characters: it does in every replica, and no delta tells of it. */
function cut(tr: Transaction, cursor: Cursor, index: number): number {
  const offset = cursor.seek(tr.doc, index);
  const line = cursor.node(tr.doc);
  if (offset === 0 || offset === line.content.size) return offset;
  if (/^[\ud800-\udbff][\udc00-\udfff]$/.test(line.textBetween(offset - 1, offset + 1))) {
    const at = cursor.before + 1 + offset;
    tr.insertText("\ufffd\ufffd", at - 1, at + 1);
  }
  return offset;
}

function insertText(tr: Transaction, cursor: Cursor, index: number, text: Node): void {
  const offset = cut(tr, cursor, index);
  tr.insert(cursor.before + 1 + offset, text);
}

/** A new `\n` ends the part before it, with its own attributes; the rest keeps the line's. At either
 * end of the line nothing is split, so that the element which shows the text stays. */
function insertLineEnd(tr: Transaction, cursor: Cursor, index: number, attrs: Attributes): void {
  const offset = cut(tr, cursor, index);
  const { before } = cursor;
  const node = cursor.node(tr.doc);
  if (offset === 0) {
    tr.insert(before, lineType.create(attrs));
    return;
  }
  if (offset === node.content.size) tr.insert(before + node.nodeSize, lineType.create(node.attrs));
  else tr.split(before + 1 + offset, 1, [{ type: lineType, attrs: node.attrs }]);
  tr.setNodeMarkup(before, null, attrs);
}

/** What is joined by deleting a `\n` has the attributes of the later line. */
function deleteUnits(tr: Transaction, cursor: Cursor, index: number, count: number): void {
  const from = cut(tr, cursor, index);
  const end = cursor.copy();
  const to = cut(tr, end, index + count);
  if (cursor.before === end.before) {
    tr.delete(cursor.before + 1 + from, cursor.before + 1 + to);
  } else if (from === 0 && to === 0) {
    tr.delete(cursor.before, end.before);
  } else {
    const { attrs } = end.node(tr.doc);
    tr.delete(cursor.before + 1 + from, end.before + 1 + to);
    tr.setNodeMarkup(cursor.before, null, attrs);
  }
}

function format(tr: Transaction, cursor: Cursor, index: number, end: number, attributes: Attributes): void {
  const changed = LINE_ATTRIBUTES.filter((name) => name in attributes);
  const change = Object.fromEntries(changed.map((name) => [name, attributes[name]]));
  cut(tr, cursor.copy(), end);
  while (index < end) {
    const from = cut(tr, cursor, index);
    const line = cursor.node(tr.doc);
    const size = line.content.size;
    const to = Math.min(size, from + end - index);
    if (from < to) formatText(tr, cursor.before + 1 + from, cursor.before + 1 + to, attributes);
    index += size - from + 1;
    if (index <= end && changed.length > 0) tr.setNodeMarkup(cursor.before, null, { ...line.attrs, ...change });
    if (cursor.before + line.nodeSize === tr.doc.content.size) return;
  }
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
