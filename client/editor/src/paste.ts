// What the clipboard or a drag holds, told flatly: its HTML as blocks with their tags and hints, and its
// plain text. The HTML is parsed into a document in which nothing runs and nothing is fetched, and is
// walked without recursion. What any of it means is decided in `shared/src/paste.rs`.

import { OWN } from "./copy";

/** A stretch of text that looks the same; see `Piece` in Rust. */
interface Piece {
  text: string;
  bold: boolean;
  italic: boolean;
  underline: boolean;
  href: string;
  kept: boolean;
}

/** See `Block` in Rust. */
interface Block {
  tag: string;
  depth: number;
  list: string;
  marked: string;
  item: number;
  level: number;
  row: number;
  cell: number;
  mso: string;
  outline: number;
  class: string;
  marker?: string;
  pieces: Piece[];
}

/** What an element hands down to what is in it. */
interface Scope {
  look: Omit<Piece, "text">;
  facts: Omit<Block, "marker" | "pieces">;
  /** In Word's own drawing of an item's mark. */
  marker: boolean;
}

const BREAK = "\u2028";

const BLOCKS = new Set(
  ("address article aside blockquote body caption center dd details div dl dt fieldset figcaption figure footer " +
    "form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary table tbody td tfoot th thead tr ul").split(" "),
);

/** What is no text, or was not seen. */
const SKIPPED = new Set(
  "script style template noscript head title svg math iframe object audio video canvas select textarea button".split(" "),
);
const HIDDEN = /display:\s*none|mso-hide:\s*all|mso-element:\s*comment|mso-special-character:\s*comment/i;

/** Styles are read as text: a policy may forbid the browser to read them, and it drops those of Word. */
function styleOf(element: Element, name: string): string {
  const style = element.getAttribute(STYLE) ?? "";
  return new RegExp(`(?:^|[;\\s])${name}\\s*:\\s*([^;]*)`, "i").exec(style)?.[1]?.trim().toLowerCase() ?? "";
}

/** The name that styles have in the parsed document, where they would only be refused, aloud. */
const STYLE = "data-style";

function parse(html: string): HTMLElement {
  const inert = html.replace(/<[a-z][^<>]*>/gi, (tag) => tag.replace(/(\s|["'])style\s*=/gi, `$1 ${STYLE}=`));
  return new DOMParser().parseFromString(inert, "text/html").body;
}

class Walk {
  readonly blocks: Block[] = [];
  pictures = false;
  private open: Block | null = null;
  private items = 0;
  private rows = 0;

  constructor(root: HTMLElement) {
    const scopes: Scope[] = [
      {
        look: { bold: false, italic: false, underline: false, href: "", kept: false },
        facts: {
          tag: "", depth: 0, list: "", marked: "", item: 0, level: 0, row: 0, cell: 0, mso: "", outline: 0, class: "",
        },
        marker: false,
      },
    ];
    let node: Node | null = root.firstChild;
    while (node) {
      const scope = scopes[scopes.length - 1]!;
      if (node instanceof Element) {
        const inner = this.enter(node, scope);
        if (inner && node.firstChild) {
          scopes.push(inner);
          node = node.firstChild;
          continue;
        }
        if (inner) this.leave(node);
      } else if (node.nodeType === Node.TEXT_NODE) {
        this.text(node.nodeValue ?? "", scope, node.parentNode === root);
      }
      while (node && !node.nextSibling) {
        node = node.parentNode === root ? null : node.parentNode;
        if (node instanceof Element) this.leave(node);
        scopes.pop();
      }
      node = node?.nextSibling ?? null;
    }
  }

  /** What holds inside an element; none when there is nothing to read in it. */
  private enter(element: Element, scope: Scope): Scope | null {
    const tag = element.localName;
    if (tag === "img") this.pictures = true;
    if (SKIPPED.has(tag) || HIDDEN.test(element.getAttribute(STYLE) ?? "")) return null;
    if (tag === "br") {
      if (element.className !== "Apple-interchange-newline") this.put(BREAK, scope);
      return null;
    }
    const inner: Scope = { ...scope, look: look(element, tag, scope.look) };
    const mso = styleOf(element, "mso-list");
    if (mso === "ignore") inner.marker = true;
    if (styleOf(element, "mso-tab-count")) {
      this.put("\t", { ...scope, look: { ...scope.look, kept: true } });
      return null;
    }
    if (BLOCKS.has(tag)) {
      this.open = null;
      inner.facts = this.facts(element, tag, mso, scope.facts);
    }
    return inner;
  }

  private facts(element: Element, tag: string, mso: string, outer: Scope["facts"]): Scope["facts"] {
    const facts = { ...outer, tag };
    const marked = element.getAttribute("type") || styleOf(element, "list-style-type");
    if (tag === "ul" || tag === "ol") {
      Object.assign(facts, { depth: Math.min(outer.depth + 1, 255), list: tag, marked, item: 0, level: 0 });
    } else if (tag === "li") {
      facts.item = ++this.items;
      facts.level = small(element.getAttribute("aria-level") ?? element.getAttribute("data-aria-level"));
      if (marked) facts.marked = marked;
    } else if (tag === "tr") {
      facts.row = ++this.rows;
      facts.cell = 0;
    } else if (tag === "td" || tag === "th") {
      facts.cell = (element as HTMLTableCellElement).cellIndex + 1;
      // A list that a table stands in is not the list of what stands in the table.
      Object.assign(facts, { depth: 0, list: "", marked: "", item: 0, level: 0 });
    }
    facts.mso = mso && mso !== "none" ? mso : mso === "none" ? "" : outer.mso;
    facts.outline = small(styleOf(element, "mso-outline-level")) || outer.outline;
    facts.class = element.getAttribute("class") ?? "";
    return facts;
  }

  private leave(element: Element): void {
    if (BLOCKS.has(element.localName)) this.open = null;
  }

  private text(text: string, scope: Scope, between: boolean): void {
    // The clipboard's own lines around what was copied.
    if (between && text.includes("\n") && !text.trim()) return;
    // A surrogate alone is no character, and JSON has no word for it.
    this.put(text.replace(/\p{Surrogate}/gu, ""), scope);
  }

  private put(text: string, { look, facts, marker }: Scope): void {
    if (!this.open) this.blocks.push((this.open = { ...facts, pieces: [] }));
    if (marker) this.open.marker = (this.open.marker ?? "") + text.trim();
    else this.open.pieces.push({ text, ...look });
  }
}

function look(element: Element, tag: string, outer: Scope["look"]): Scope["look"] {
  const look = { ...outer };
  if (tag === "b" || tag === "strong") look.bold = true;
  if (tag === "i" || tag === "em") look.italic = true;
  if (tag === "u" || tag === "ins") look.underline = true;
  if (tag === "a") look.href = element.getAttribute("href") ?? "";
  if (tag === "pre") look.kept = true;
  const weight = styleOf(element, "font-weight");
  if (weight) look.bold = /^bold/.test(weight) || Number(weight) >= 600;
  const slant = styleOf(element, "font-style");
  if (slant) look.italic = /^(italic|oblique)/.test(slant);
  const line = styleOf(element, "text-decoration") || styleOf(element, "text-decoration-line");
  if (line) look.underline = line.includes("underline");
  const space = styleOf(element, "white-space");
  if (space) look.kept = space.startsWith("pre");
  return look;
}

function small(text: string | null): number {
  return Math.min(Math.max(parseInt(text ?? "", 10) || 0, 0), 255);
}

/** What a clipboard or a drag holds, as JSON for `shared::paste`. */
export function told(data: DataTransfer): string {
  const html = data.getData("text/html");
  const root = html ? parse(html) : null;
  const walk = root && new Walk(root);
  return JSON.stringify({
    blocks: walk?.blocks ?? [],
    own: Boolean(root?.querySelector(`[${OWN}]`)),
    plain: data.getData("text/plain").replace(/\p{Surrogate}/gu, ""),
    files: data.files.length > 0 || Boolean(walk?.pictures),
  });
}
