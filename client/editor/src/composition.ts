// The word that is being composed: where it is, and how what others write is shown around it without ending it.
// A browser ends a composition when the text node that it is in is replaced; what is inserted into that node and
// deleted from it around the word leaves it whole. It knows nothing of the document.

import type { Transaction } from "prosemirror-state";
import type { EditorView } from "prosemirror-view";
import { indexOf } from "./delta";

/** So long after a composition ended ProseMirror has read what it left; in milliseconds. */
const SETTLES = 30;

/** Whether the browser follows the word when text before it in its node changes. Blink keeps a range; WebKit keeps
 * numbers and would go on in the wrong place. */
const followsWord = /Chrome\//.test(navigator.userAgent);

export class Composition {
  /** Where the word is, in ProseMirror's positions. */
  private word: { from: number; to: number } | null = null;
  private text = "";
  private settling = 0;

  /** Told of the word's model indexes at each step, and whether others' words may be shown around it; of -1 once it is no
   * longer composed. */
  constructor(
    private readonly view: EditorView,
    private readonly report: (from: number, to: number, isFollowed: boolean) => void,
  ) {}

  /** It began or goes on with this text, which the browser is about to write. */
  goesOn(text: string): void {
    clearTimeout(this.settling);
    const { selection, tr } = this.view.state;
    if (!selection.$from.sameParent(selection.$to)) this.view.dispatch(tr.deleteSelection());
    const { from, to } = this.view.state.selection;
    this.word ??= { from, to };
    this.text = text;
    this.reportWord();
  }

  /** What the browser wrote has been read. The caret is in the word, most often at its end. */
  written(): void {
    if (!this.word) return;
    const { $head } = this.view.state.selection;
    const line = $head.parent.textBetween(0, $head.parent.content.size);
    const { length } = this.text;
    for (let before = length; before >= 0; before--) {
      const at = $head.parentOffset - before;
      if (at >= 0 && line.startsWith(this.text, at)) {
        this.word = { from: $head.start() + at, to: $head.start() + at + length };
        return this.reportWord();
      }
    }
    // It is none that is known: nobody's deletion is taken for one of it.
    this.word = { from: $head.pos, to: $head.pos };
    this.reportWord(false);
  }

  ended(): void {
    clearTimeout(this.settling);
    this.settling = window.setTimeout(() => {
      this.word = null;
      this.report(-1, -1, false);
    }, SETTLES);
  }

  /** Others' change is about to be shown: gives the word's text node the text that it will have around the word, so
   * that ProseMirror finds it right and leaves it. */
  around(tr: Transaction): void {
    const { word, view } = this;
    if (!word) return;
    const isEmpty = word.from === word.to;
    const from = tr.mapping.map(word.from, isEmpty ? -1 : 1);
    const to = Math.max(from, tr.mapping.map(word.to, -1));
    this.word = { from, to };
    const node = getSelection()?.focusNode;
    // Nothing is written yet that could be broken, and which node it will be in nobody knows at the edge of two.
    if (!followsWord || isEmpty || !view.composing || !(node instanceof Text) || !view.dom.contains(node)) return;
    const start = view.posAtDOM(node, 0);
    const end = start + node.length;
    const { doc } = view.state;
    // What the browser wrote and ProseMirror has not read yet would be taken for the text that stands there.
    if (end > doc.content.size || doc.textBetween(start, end) !== node.data) return;
    const at = tr.doc.resolve(to);
    const { node: run, offset } = at.parent.childBefore(at.parentOffset);
    const runStart = at.start() + offset;
    if (word.from < start || end < word.to || !run?.isText || from < runStart) return;
    if (doc.textBetween(word.from, word.to) !== tr.doc.textBetween(from, to)) return;
    const newStart = Math.max(tr.mapping.map(start, 1), runStart);
    const newEnd = Math.min(tr.mapping.map(end, -1), runStart + run.nodeSize);
    if (newStart > from || newEnd < to) return;
    const { domObserver } = view as unknown as { domObserver: { start(): void; stop(): void } };
    domObserver.stop();
    // What follows the word first, so that the places before it still hold.
    replace(node, word.to - start, node.length, tr.doc.textBetween(to, newEnd), false);
    replace(node, 0, word.from - start, tr.doc.textBetween(newStart, from), true);
    domObserver.start();
  }

  private reportWord(isFollowed = followsWord): void {
    if (!this.word) return;
    const { doc } = this.view.state;
    this.report(indexOf(doc, this.word.from), indexOf(doc, this.word.to), isFollowed);
  }
}

/** Replaces a part of a text node where it differs; the word stands at its end if `isBefore`, else at its start. */
function replace(node: Text, from: number, to: number, text: string, isBefore: boolean): void {
  const old = node.data.slice(from, to);
  const shorter = Math.min(old.length, text.length);
  let head = 0;
  while (head < shorter && old[head] === text[head]) head++;
  let tail = 0;
  while (tail < shorter - head && old[old.length - 1 - tail] === text[text.length - 1 - tail]) tail++;
  const at = from + head;
  const inserted = text.slice(head, text.length - tail);
  if (old.length > head + tail) node.deleteData(at, old.length - head - tail);
  if (!inserted) return;
  if (!isBefore || tail > 0) return node.insertData(at, inserted);
  // What is inserted right where the word starts would become part of it. So the character before it is written
  // again behind what is inserted, and the old one goes. At the node's start ProseMirror draws a node of its own.
  if (at === 0) return;
  node.insertData(at - 1, node.data[at - 1] + inserted);
  node.deleteData(at + inserted.length, 1);
}
