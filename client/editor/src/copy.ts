// What is copied, cut or dragged out of the text: HTML that any program reads as what it is, with real
// lists and headings, and plain text with the lists' marks written out.

import { type DOMSerializer, type Fragment, type Mark, type Node, Slice } from "prosemirror-model";
import type { EditorProps } from "prosemirror-view";
import { mayFollow } from "./links";
import type { LineAttrs } from "./schema";
import { LISTS } from "./schema";

/** What our own HTML is known by when it comes back. */
export const OWN = "data-samsyn";

/** Two levels of headings stand above those of a section. */
const ABOVE = 2;

/** The list a line is an item of, and how deep; none for what is no item. */
function itemOf(line: Node): { list: string; indent: number } | null {
  const { header, list, indent } = line.attrs as LineAttrs;
  if (header !== null || list === null || !LISTS.includes(list)) return null;
  return { list, indent: Math.min(Math.max(indent ?? 0, 0), 8) };
}

/** Counts the items of nested lists as the style sheet does. */
class Count {
  private levels: { list: string; count: number }[] = [];

  next(list: string, indent: number): number {
    this.levels.length = Math.min(this.levels.length, indent + 1);
    const level = this.levels[indent];
    if (level?.list === list) return ++level.count;
    this.levels[indent] = { list, count: 1 };
    return 1;
  }
}

/** 1 is A, 26 is Z, 27 is AA. */
function letters(number: number): string {
  let word = "";
  for (let n = number; n > 0; n = Math.floor((n - 1) / 26)) word = String.fromCharCode(65 + ((n - 1) % 26)) + word;
  return word;
}

function textOf(content: Fragment): string {
  const lines: string[] = [];
  let count = new Count();
  content.forEach((line) => {
    const item = itemOf(line);
    if (!item) {
      count = new Count();
      lines.push(line.isText ? (line.text ?? "") : line.textContent);
      return;
    }
    const number = count.next(item.list, item.indent);
    const mark = { ordered: `${number}.`, lettered: `${letters(number)}.` }[item.list] ?? "•";
    lines.push(`${"  ".repeat(item.indent)}${mark} ${line.textContent}`);
  });
  return content.firstChild?.isText ? lines.join("") : lines.join("\n");
}

const MARKS: Record<string, string> = { bold: "strong", italic: "em", underline: "u" };

class Page {
  readonly whole: DocumentFragment;
  /** The open lists, outermost first, with what they are. */
  private lists: { element: Element; list: string }[] = [];

  constructor(
    content: Fragment,
    private readonly document: Document,
  ) {
    this.whole = document.createDocumentFragment();
    if (content.firstChild?.isText) this.whole.append(this.words(content));
    else content.forEach((line) => this.line(line));
    for (const part of this.whole.children) part.setAttribute(OWN, "");
  }

  /** Words out of a line: they are no paragraph of their own. */
  private words(content: Fragment): Element {
    const span = this.document.createElement("span");
    this.fill(span, content);
    return span;
  }

  private line(line: Node): void {
    const item = itemOf(line);
    if (!item) this.lists = [];
    const { header } = line.attrs as LineAttrs;
    const tag = item ? "li" : header !== null && header >= 1 && header <= 3 ? `h${header + ABOVE}` : "p";
    const element = this.document.createElement(tag);
    this.fill(element, line.content);
    if (line.content.size === 0) element.append(this.document.createElement("br"));
    (item ? this.listFor(item.list, item.indent) : this.whole).append(element);
  }

  /** The list of this kind at this depth, nested in the item before it. */
  private listFor(list: string, indent: number): Element {
    this.lists.length = Math.min(this.lists.length, indent + 1);
    if (this.lists[indent] && this.lists[indent].list !== list) this.lists.length = indent;
    while (this.lists.length <= indent) {
      const element = this.document.createElement(list === "bullet" ? "ul" : "ol");
      if (list === "lettered") element.setAttribute("type", "A");
      const outer = this.lists[this.lists.length - 1]?.element;
      (outer ? (outer.lastElementChild ?? outer) : this.whole).append(element);
      this.lists.push({ element, list });
    }
    return this.lists[indent]!.element;
  }

  private fill(element: HTMLElement, content: Fragment): void {
    content.forEach((text) => {
      let inner: globalThis.Node = this.document.createTextNode(text.text ?? "");
      for (const mark of [...text.marks].reverse()) inner = this.marked(mark, inner);
      element.append(inner);
    });
    // Elsewhere such spaces would be one, or none.
    if (/^ | $|\s\s|\t/.test(element.textContent ?? "")) element.style.whiteSpace = "pre-wrap";
  }

  private marked(mark: Mark, inner: globalThis.Node): globalThis.Node {
    const href = mark.type.name === "link" ? String(mark.attrs["href"]) : "";
    const tag = href ? "a" : MARKS[mark.type.name];
    if (!tag || (href && !mayFollow(href))) return inner;
    const element = this.document.createElement(tag);
    if (href) element.setAttribute("href", href);
    element.append(inner);
    return element;
  }
}

/** A text of the page, with the heading that it stands under; none for the title, which is one. */
export interface Part {
  heading: string | null;
  doc: Node;
}

/** Puts all texts on the clipboard, as any program reads them: HTML with real headings and lists, and plain text. Works
 * only while a click or a key is heard. */
export function copyAll(parts: Part[]): boolean {
  const html = document.createElement("div");
  const plain: string[] = [];
  for (const { heading, doc } of parts) {
    const head = document.createElement(heading === null ? "h1" : "h2");
    head.textContent = heading ?? doc.textContent;
    html.append(head);
    plain.push(head.textContent);
    if (heading === null || doc.textContent === "") continue;
    const { whole } = new Page(doc.content, document);
    html.append(whole);
    plain[plain.length - 1] += `\n${textOf(doc.content)}`;
  }
  // Elsewhere it is a text like any other; only what is copied out of one of ours means exactly what it says.
  for (const own of html.querySelectorAll(`[${OWN}]`)) own.removeAttribute(OWN);
  const fill = (event: ClipboardEvent) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    event.clipboardData?.setData("text/html", html.innerHTML);
    event.clipboardData?.setData("text/plain", plain.join("\n\n") + "\n");
  };
  // Safari asks beforehand, and where nothing is selected copies only for who takes that upon themselves.
  const take = (event: Event) => event.preventDefault();
  addEventListener("beforecopy", take, { capture: true });
  addEventListener("copy", fill, { capture: true });
  const isCopied = document.execCommand("copy");
  removeEventListener("copy", fill, { capture: true });
  removeEventListener("beforecopy", take, { capture: true });
  return isCopied;
}

/** ProseMirror's way to ask. */
export const copying: EditorProps = {
  // Words out of one line are words; whole lines are what they are.
  transformCopied(slice, view) {
    const { from, to, $from } = view.state.selection;
    const words = slice.content.childCount === 1 && (from > $from.start() || to < $from.end());
    return words ? new Slice(slice.content.firstChild!.content, 0, 0) : slice;
  },
  clipboardTextSerializer: (slice) => textOf(slice.content),
  clipboardSerializer: {
    serializeFragment: (content: Fragment, options?: { document?: Document }) =>
      new Page(content, options?.document ?? document).whole,
  } as DOMSerializer,
};
