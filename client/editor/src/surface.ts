// The text surface of one section: ProseMirror's view, told by Rust what to show, telling Rust what the
// person did and measuring where things are. It holds no truth and takes no decision: what a key does,
// what an edit means for the document and who may write is decided in `client/src/editor`.

import { keymap } from "prosemirror-keymap";
import type { Node } from "prosemirror-model";
import { EditorState, TextSelection, type Transaction } from "prosemirror-state";
import { EditorView } from "prosemirror-view";
import { collapse } from "./caret";
import { Composition } from "./composition";
import { copyAll, copying, type Part } from "./copy";
import { type Op, applyDelta, docOf, indexOf, length, marksOf, opsOf, positionOf, startOf } from "./delta";
import { draw } from "./draw";
import { Marks, canMark } from "./highlights";
import { isMeaningless, nameOf } from "./keyless";
import { LineView } from "./line";
import { ask, mayFollow } from "./links";
import { type Pasted, reportPaste } from "./paste";
import { schema } from "./schema";

/** What a surface reports. Positions are the model's indexes; deltas are JSON. */
export interface Reports {
  /** The person changed the lines that begin at `at`; the caret is `caret` from there, or -1. */
  edited(at: number, before: string, after: string, caret: number): void;
  /** The selection, and the inline attributes that hold for all of it. */
  selected(anchor: number, head: number, inline: string): void;
  /** A key that may mean something; true when it did. */
  command(name: string): boolean;
  focused(focused: boolean): void;
  /** The person pasted or dropped this where the selection is. */
  pasted: Pasted;
  /** What is selected begins to be dragged; or it is dropped elsewhere on the page, which is told next, and moves there. */
  dragged(begins: boolean): void;
  /** A word is being composed from here to there, told at each step of it; -1 when it no longer is. Where the browser
   * does not follow it, its line must be left as it is. */
  composing(from: number, to: number, isFollowed: boolean): void;
  /** Whether a link may lead there. */
  follows(address: string): boolean;
  /** Whether the surface shows what the document holds. */
  verify(): boolean;
}

/** What a surface is told at its making. */
export interface Options {
  labelledBy: string;
  /** Empty when nothing describes it. */
  describedBy: string;
  oneLine: boolean;
  editable: boolean;
  /** What it shows first: inserts. */
  text: string;
  /** Each key that may mean something, as keymap writes it, with the name that is reported for it. */
  keys: [string, string][];
}

/** A second paste within this time, without a key between, is no second one; in milliseconds. */
const PASTE_ECHO = 100;

/** The key code of every key that a composition takes (UI Events, 7.3.1). */
const COMPOSING_KEY = 229;

/** With this key held what is dragged is copied; ProseMirror's rule for drags within a text. */
const copyKey = /Mac/.test(navigator.platform) ? "altKey" : "ctrlKey";

/** The text of which something is being dragged. */
let dragged: Surface | null = null;

/** So far outside the window a caret is still measured: its flag may reach into it. */
const NEARLY_IN_VIEW = 60;

export class Surface {
  private readonly view: EditorView;
  private readonly marks: Marks;
  private readonly graphemes = new Intl.Segmenter("sv", { granularity: "grapheme" });
  /** When something was pasted, if no key was pressed since. */
  private pastedAt = -Infinity;
  /** After Escape, Tab leaves the text. */
  private leaving = false;
  private readonly composition: Composition;
  private readonly oneLine: boolean;
  private readonly labelledBy: string;

  constructor(
    private readonly host: HTMLElement,
    private editable: boolean,
    options: Options,
    private readonly reports: Reports,
  ) {
    ({ oneLine: this.oneLine, labelledBy: this.labelledBy } = options);
    const press = (name: string) => (this.leaving && name.endsWith("tab") ? false : reports.command(name));
    const bound = Object.fromEntries(options.keys.map(([key, name]) => [key, () => press(name)]));
    this.view = new EditorView(host, {
      state: EditorState.create({ doc: docOf(JSON.parse(options.text) as Op[]), plugins: [keymap(bound)] }),
      editable: () => this.editable,
      attributes: () => ({
        role: "textbox",
        class: "surface",
        "aria-multiline": String(!options.oneLine),
        "aria-labelledby": options.labelledBy,
        ...(options.describedBy && { "aria-describedby": options.describedBy }),
        "aria-readonly": String(!this.editable),
        tabindex: "0",
        lang: "sv",
        spellcheck: "true",
      }),
      nodeViews: { line: (node) => new LineView(node) },
      ...copying,
      dispatchTransaction: (tr) => this.dispatch(tr),
      handleKeyDown: (_, event) => this.onKeyDown(event),
      handleDOMEvents: {
        focus: () => void reports.focused(true),
        blur: () => void reports.focused(false),
        keydown: (_, event) => this.endStaleComposition(event.isComposing || event.keyCode === COMPOSING_KEY),
        beforeinput: (_, event) =>
          this.endStaleComposition(event.isComposing || /Composition/.test(event.inputType)) ||
          this.asks(event) ||
          this.replaces(event),
        paste: (_, event) => this.paste(event),
        dragstart: () => this.drag(),
        dragend: () => void (dragged = null),
        drop: (view, event) => !view.dragging && this.drop(event),
        click: (_, event) => this.follow(event),
        compositionstart: () => this.composition.goesOn(""),
        compositionupdate: (_, event) => this.composition.goesOn(event.data),
        compositionend: () => this.composition.ended(),
      },
    });
    this.marks = new Marks(this.view);
    this.composition = new Composition(this.view, (...word) => reports.composing(...word));
  }

  /** Marks parts of the text, and in this layer no others: names, and triples of a name's place, from, to. */
  mark(layer: string, names: string[], runs: Uint32Array): void {
    this.marks.mark(layer, names, runs);
  }

  /** Shows this text, changing as little as it can. */
  reset(json: string): void {
    const { state } = this.view;
    const next = docOf(JSON.parse(json) as Op[]);
    const start = state.doc.content.findDiffStart(next.content);
    const end = state.doc.content.findDiffEnd(next.content);
    if (start === null || end === null) return;
    // The equal parts at both ends may overlap where text repeats.
    const overlap = Math.max(0, start - Math.min(end.a, end.b));
    const tr = state.tr.replace(start, end.a + overlap, next.slice(start, end.b + overlap));
    // A slice that was cut inside two lines can join them otherwise than meant: then all is replaced.
    this.show(tr.doc.eq(next) ? tr : state.tr.replaceWith(0, state.doc.content.size, next.content));
  }

  /** Shows a change of the model, and answers with the length of the text as it is shown then. */
  apply(json: string): number {
    const { tr } = this.view.state;
    applyDelta(tr, JSON.parse(json) as Op[]);
    this.show(tr);
    return length(this.view.state.doc);
  }

  /** The text as it is shown. */
  shown(): string {
    return JSON.stringify(opsOf(this.view.state.doc));
  }

  select(anchor: number, head: number): void {
    const { doc, tr } = this.view.state;
    const selection = TextSelection.create(doc, positionOf(doc, anchor), positionOf(doc, head));
    this.view.dispatch(tr.setSelection(selection).scrollIntoView());
  }

  /** The attributes that the next typed text will have. */
  pen(json: string): void {
    const { tr } = this.view.state;
    this.view.dispatch(tr.setStoredMarks(marksOf(JSON.parse(json) as Record<string, unknown>)));
  }

  setEditable(editable: boolean): void {
    this.editable = editable;
    this.view.setProps({});
  }

  focus(): void {
    this.view.focus();
  }

  /** Reads what the browser changed and ProseMirror has not read yet. */
  settle(): void {
    const { domObserver } = this.view as unknown as { domObserver: { forceFlush(): void; flush(): void } };
    domObserver.forceFlush();
    domObserver.flush();
  }

  /** Ends what is being composed: a browser keeps the text of a composition whose element loses the focus. */
  endComposition(): void {
    this.view.dom.blur();
    this.view.focus();
    this.settle();
  }

  /** How long what a reader takes as one character is before a place in its line; 0 at its start. */
  graphemeBefore(index: number): number {
    const { doc } = this.view.state;
    const at = doc.resolve(positionOf(doc, index));
    const graphemes = [...this.graphemes.segment(at.parent.textBetween(0, at.parentOffset))];
    return graphemes.at(-1)?.segment.length ?? 0;
  }

  /** Where carets are in the host: for each anchor and head the caret's left, top and height, how wide its line is
   * empty behind it, the number of its selection's rectangles, and left, top, width and height of each. What the window does not show is
   * not measured; such a caret has no height. */
  measure(places: Uint32Array): Float64Array {
    const box = this.host.getBoundingClientRect();
    const { doc } = this.view.state;
    const from = startOf(doc, this.linesAbove(-NEARLY_IN_VIEW));
    const to = startOf(doc, this.linesAbove(innerHeight + NEARLY_IN_VIEW) + 1) - 1;
    const measures: number[] = [];
    for (let i = 0; i < places.length; i += 2) {
      const [anchor, head] = [places[i]!, places[i + 1]!];
      if (from <= head && head <= to) {
        const caret = this.caretAt(head, box);
        measures.push(...caret, this.isLineEnd(head) ? box.width - caret[0]! : 0);
      } else {
        measures.push(0, 0, 0, 0);
      }
      const [start, end] = [Math.max(Math.min(anchor, head), from), Math.min(Math.max(anchor, head), to)];
      const boxes = start < end ? this.boxesOf(start, end) : [];
      measures.push(boxes.length, ...boxes.flatMap((r) => [r.left - box.left, r.top - box.top, r.width, r.height]));
    }
    return Float64Array.from(measures);
  }

  /** Where the caret is in the window, in CSS pixels from its top; not a number without the focus. */
  caretTop(): number {
    return this.view.hasFocus() ? this.view.coordsAtPos(this.view.state.selection.head).top : NaN;
  }

  /** A caret's place in the host: left, top, height, in CSS pixels. */
  caretAt(index: number, host = this.host.getBoundingClientRect()): Float64Array {
    const { left, top, bottom } = this.view.coordsAtPos(positionOf(this.view.state.doc, index));
    return Float64Array.of(left - host.left, top - host.top, bottom - top);
  }

  private isLineEnd(index: number): boolean {
    const { doc } = this.view.state;
    const at = doc.resolve(positionOf(doc, index));
    return at.parentOffset === at.parent.content.size;
  }

  /** How many lines end above a place in the window. */
  private linesAbove(edge: number): number {
    const lines = this.view.dom.children;
    let [low, high] = [0, lines.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (lines[middle]!.getBoundingClientRect().bottom < edge) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private boxesOf(from: number, to: number): DOMRect[] {
    const { doc } = this.view.state;
    const start = this.view.domAtPos(positionOf(doc, from));
    const end = this.view.domAtPos(positionOf(doc, to));
    const range = document.createRange();
    range.setStart(start.node, start.offset);
    range.setEnd(end.node, end.offset);
    return [...range.getClientRects()].filter((rect) => rect.width > 0);
  }

  /** Scrolls a place into view. */
  reveal(index: number): void {
    const { top } = this.view.coordsAtPos(positionOf(this.view.state.doc, index));
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    scrollBy({ top: top - innerHeight / 3, behavior: still ? "instant" : "smooth" });
  }

  verify(): boolean {
    return this.reports.verify();
  }

  /** What is copied of it with all others. */
  get part(): Part {
    const heading = this.oneLine ? null : (document.getElementById(this.labelledBy)?.textContent ?? "");
    return { heading, doc: this.view.state.doc };
  }

  /** What others insert at the caret comes after it, so that two who type in one place do not cut each
   * other's words; and it leaves the attributes of the next typed text as they are. */
  private show(tr: Transaction): void {
    if (!tr.docChanged) return;
    const { selection, storedMarks } = this.view.state;
    const from = tr.mapping.map(selection.from, selection.empty ? -1 : 1);
    const to = Math.max(from, tr.mapping.map(selection.to, -1));
    const [anchor, head] = selection.anchor <= selection.head ? [from, to] : [to, from];
    tr.setSelection(TextSelection.between(tr.doc.resolve(anchor), tr.doc.resolve(head)));
    this.composition.around(tr);
    this.view.dispatch(tr.setStoredMarks(storedMarks).setMeta("model", true));
  }

  private dispatch(tr: Transaction): void {
    // What was cut is deleted as by a key.
    if (tr.getMeta("uiEvent") === "cut") return (this.reports.command("delete"), collapse(this.view));
    const before = this.view.state.doc;
    const state = this.view.state.apply(tr);
    draw(this.view, state);
    if (tr.docChanged && !tr.getMeta("model")) {
      this.reportEdit(before, state.doc);
      this.composition.written();
    }
    if (tr.docChanged || tr.selectionSet || tr.storedMarksSet) this.reportSelection();
  }

  /** Lines that are the same objects did not change; the rest is Rust's to compare. */
  private reportEdit(before: Node, after: Node): void {
    const shorter = Math.min(before.childCount, after.childCount);
    let same = 0;
    let at = 0;
    while (same < shorter && before.child(same) === after.child(same)) at += before.child(same++).content.size + 1;
    let tail = 0;
    while (
      tail < shorter - same &&
      before.child(before.childCount - 1 - tail) === after.child(after.childCount - 1 - tail)
    ) {
      tail++;
    }
    const old = opsOf(before, same, before.childCount - tail);
    const now = opsOf(after, same, after.childCount - tail);
    const caret = Math.max(indexOf(after, this.view.state.selection.head) - at, -1);
    this.reports.edited(at, JSON.stringify(old), JSON.stringify(now), caret);
  }

  private reportSelection(): void {
    const { doc, selection, storedMarks } = this.view.state;
    const { anchor, head, empty, $from, from, to } = selection;
    let marks = storedMarks ?? $from.marks();
    if (!empty) {
      marks = [];
      for (const type of Object.values(schema.marks)) {
        let all = true;
        doc.nodesBetween(from, to, (node) => {
          if (node.isText && !type.isInSet(node.marks)) all = false;
        });
        if (all) marks = [...marks, type.create(type.name === "link" ? { href: "" } : null)];
      }
    }
    const inline = Object.fromEntries(marks.map((mark) => [mark.type.name, true]));
    this.reports.selected(indexOf(doc, anchor), indexOf(doc, head), JSON.stringify(inline));
  }

  /** The browser tells of a moved caret some time after it moved; what follows quickly must find it where it
   * is. ProseMirror reads the selection when it is told. */
  private readSelection(): void {
    if (!this.view.composing) document.dispatchEvent(new Event("selectionchange"));
  }

  private onKeyDown(event: KeyboardEvent): boolean {
    this.pastedAt = -Infinity;
    this.readSelection();
    if (event.key !== "Shift" && event.key !== "Tab") this.leaving = event.key === "Escape";
    return false;
  }

  /** Chromium tells twice of one Ctrl+Shift+V. */
  private paste(event: ClipboardEvent): boolean {
    const isEcho = event.timeStamp - this.pastedAt < PASTE_ECHO;
    this.pastedAt = event.timeStamp;
    if (!isEcho) return this.insertForeign(event, event.clipboardData);
    event.preventDefault();
    return true;
  }

  /** Text from elsewhere goes to the model first; `at` is where it was dropped. */
  private insertForeign(event: Event, data: DataTransfer | null, at?: MouseEvent): boolean {
    event.preventDefault();
    if (!data || !this.editable) return true;
    const place = at && this.view.posAtCoords({ left: at.clientX, top: at.clientY });
    if (place) {
      const { doc, tr } = this.view.state;
      this.view.focus();
      this.view.dispatch(tr.setSelection(TextSelection.near(doc.resolve(place.pos))));
    }
    reportPaste(data, this.reports.pasted);
    return true;
  }

  private drag(): void {
    dragged = this;
    this.reports.dragged(true);
  }

  /** What comes from another text of the page moves, unless the key is held that copies. */
  private drop(event: DragEvent): boolean {
    if (event.dataTransfer && this.editable && !event[copyKey]) dragged?.reports.dragged(false);
    dragged = null;
    return this.insertForeign(event, event.dataTransfer, event);
  }

  /** In a text that can be changed a click places the caret; with Ctrl it follows a link. */
  private follow(event: MouseEvent): boolean {
    const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>("a[href]") : null;
    if (!link || !this.editable || !(event.ctrlKey || event.metaKey)) return false;
    event.preventDefault();
    const address = link.getAttribute("href") ?? "";
    if (mayFollow(address)) window.open(address, "_blank", "noopener,noreferrer");
    return true;
  }

  /** A browser types over a selection, and after a deletion, with styles of its own making; the page's
   * security policy forbids them, and says so. */
  private replaces(event: InputEvent): boolean {
    this.readSelection();
    if (this.view.composing || !event.cancelable) return false;
    if (event.inputType.startsWith("delete")) return this.deletes(event);
    const { selection, tr } = this.view.state;
    if (selection.empty || event.inputType !== "insertText" || event.data === null) return false;
    this.view.dispatch(tr.insertText(event.data).scrollIntoView());
    event.preventDefault();
    return true;
  }

  private deletes(event: InputEvent): boolean {
    event.preventDefault();
    const [range] = event.getTargetRanges();
    // At an end of the text there is nothing to delete, and a browser restyles the line instead.
    if (!range) return true;
    const from = this.view.posAtDOM(range.startContainer, range.startOffset);
    const to = this.view.posAtDOM(range.endContainer, range.endOffset);
    if (from === to) return true;
    const { doc, tr } = this.view.state;
    this.view.dispatch(tr.setSelection(TextSelection.create(doc, from, to)));
    this.reports.command("delete");
    collapse(this.view);
    return true;
  }

  /** A browser may end a composition without a word when the text around it is redrawn; ProseMirror would hear no
   * key from then on. */
  private endStaleComposition(isComposing: boolean): false {
    if (this.view.composing && !isComposing) {
      this.view.dom.dispatchEvent(new CompositionEvent("compositionend"));
      this.settle();
    }
    return false;
  }

  /** A command that comes without its key means what the key means. While a word is composed, it is the composition's;
   * and what is deleted inside a line says its own range. */
  private asks(event: InputEvent): boolean {
    const name = nameOf(event);
    if (!event.cancelable || (this.view.composing && !name?.endsWith("do"))) return false;
    this.readSelection();
    const { empty, $head } = this.view.state.selection;
    const end = name === "delete" ? $head.parent.content.size : 0;
    if (event.inputType.startsWith("delete") && empty && $head.parentOffset !== end) return false;
    const isDone = (name !== undefined && this.reports.command(name)) || isMeaningless(event);
    if (isDone) event.preventDefault();
    return isDone;
  }
}

/** The surfaces on the page. */
const surfaces: Surface[] = [];

declare global {
  interface Window {
    samsynSurface: {
      create(host: HTMLElement, options: Options, reports: Reports): Surface;
      /** Whether the browser can mark text that it does not change. */
      canMark(): boolean;
      /** Puts the texts of all surfaces on the clipboard; false when the browser does not let us. */
      copyAll(): boolean;
      /** Whether all surfaces show what their documents hold, for tests. */
      verify(): boolean;
    };
  }
}

window.samsynSurface = {
  canMark: () => canMark,
  create(host, options, reports) {
    ask((address) => reports.follows(address));
    const surface = new Surface(host, options.editable, options, reports);
    surfaces.push(surface);
    return surface;
  },
  copyAll: () => copyAll(surfaces.map((surface) => surface.part)),
  verify: () => surfaces.every((surface) => surface.verify()),
};
