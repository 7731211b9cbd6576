// Marks in a text that are no part of it: ranges in the browser's own registry (CSS.highlights), painted by
// the style sheet. The text's elements stay as they are. What is marked, and why, is Rust's to say.

import type { EditorView } from "prosemirror-view";

/** A text node, and where in the model it begins and ends. */
interface Piece {
  node: Text;
  from: number;
  to: number;
}

/** What one layer marks: a name for each kind, and triples of a kind, from and to. */
interface Layer {
  names: string[];
  runs: Uint32Array;
  ranges: [string, StaticRange][];
}

/** Redrawn elements lose their marks; they come back when the text has been still for this long. */
const STILL = 300;

export const canMark = typeof CSS !== "undefined" && "highlights" in CSS;

/** Whether the style sheet was looked at: once, when it is there. */
let isFit = false;

/** What the style sheet says of a text's marks holds for its lines, too (css-pseudo-4, "Highlight inheritance").
 * A browser that does not know that yet is told of each element, which costs style far more. */
function fitStyleSheet(text: HTMLElement): void {
  const colour = (of: Element | null) => of && getComputedStyle(of, "::highlight(find)").backgroundColor;
  const inherits = colour(text) === colour(text.firstElementChild) && colour(text) !== getComputedStyle(text).backgroundColor;
  if (!isFit && !inherits) for (const { cssRules } of document.styleSheets) sayOfEach(cssRules);
  isFit = true;
}

function sayOfEach(rules: CSSRuleList): void {
  for (const rule of rules) {
    if (rule instanceof CSSMediaRule) sayOfEach(rule.cssRules);
    else if (rule instanceof CSSStyleRule && [...rule.cssRules].some((inner) => inner.cssText.includes("::highlight("))) {
      rule.selectorText += `, ${rule.selectorText} *`;
    }
  }
}

export class Marks {
  private readonly layers = new Map<string, Layer>();
  private readonly observer = new MutationObserver(() => this.later());
  private timer = 0;

  constructor(private readonly view: EditorView) {}

  /** Marks these and, in this layer, no others. */
  mark(layer: string, names: string[], runs: Uint32Array): void {
    if (!canMark) return;
    fitStyleSheet(this.view.dom);
    clearTimeout(this.timer);
    this.clear(layer);
    if (runs.length > 0) this.draw(layer, { names, runs, ranges: [] }, this.pieces());
    this.observer.disconnect();
    if (this.layers.size > 0) {
      this.observer.observe(this.view.dom, { childList: true, characterData: true, subtree: true });
    }
  }

  private later(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const pieces = this.pieces();
      for (const [name, layer] of [...this.layers]) {
        this.clear(name);
        this.draw(name, { ...layer, ranges: [] }, pieces);
      }
    }, STILL);
  }

  private clear(layer: string): void {
    for (const [name, range] of this.layers.get(layer)?.ranges ?? []) {
      const highlight = CSS.highlights.get(name);
      highlight?.delete(range);
      if (highlight?.size === 0) CSS.highlights.delete(name);
    }
    this.layers.delete(layer);
  }

  private draw(key: string, layer: Layer, pieces: Piece[]): void {
    const { names, runs, ranges } = layer;
    this.layers.set(key, layer);
    for (let i = 0; i + 2 < runs.length; i += 3) {
      const name = names[runs[i]!]!;
      const range = rangeOf(pieces, runs[i + 1]!, runs[i + 2]!);
      if (!range) continue;
      let highlight = CSS.highlights.get(name);
      if (!highlight) {
        highlight = new Highlight();
        highlight.priority = name.startsWith("find") ? (name === "find" ? 1 : 2) : 0;
        CSS.highlights.set(name, highlight);
      }
      highlight.add(range);
      ranges.push([name, range]);
    }
  }

  /** The text nodes in order. Each line begins where the model has it, whatever stands in its element. */
  private pieces(): Piece[] {
    const pieces: Piece[] = [];
    const { doc } = this.view.state;
    let start = 0;
    for (let i = 0; i < doc.childCount; i++) {
      const end = start + doc.child(i).content.size;
      const line = this.view.dom.children[i];
      const walker = line && document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
      for (let node = walker?.nextNode(), from = start; node && from < end; node = walker?.nextNode()) {
        const to = Math.min(from + (node as Text).length, end);
        if (to > from) pieces.push({ node: node as Text, from, to });
        from = to;
      }
      start = end + 1;
    }
    return pieces;
  }
}

function rangeOf(pieces: Piece[], from: number, to: number): StaticRange | null {
  const first = pieces[below(pieces, (piece) => piece.to <= from)];
  const last = pieces[below(pieces, (piece) => piece.from < to) - 1];
  if (!first || !last || first.from > last.from) return null;
  return new StaticRange({
    startContainer: first.node,
    startOffset: Math.max(from - first.from, 0),
    endContainer: last.node,
    endOffset: Math.min(to, last.to) - last.from,
  });
}

/** How many pieces, from the first on, have what the first ones have. */
function below(pieces: Piece[], has: (piece: Piece) => boolean): number {
  let [low, high] = [0, pieces.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (has(pieces[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}
