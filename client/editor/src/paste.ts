// What the clipboard or a drag holds, told flatly: its HTML as blocks with their tags and hints, and its
// plain text. The HTML is parsed into a document in which nothing runs and nothing is fetched, and is
// walked without recursion. What any of it means is decided in `shared/src/paste.rs`.

import { OWN } from "./copy";
import { sound } from "./delta";

/** The HTML as foreign inserts (JSON), whether it is our own, the plain text, whether there were files. */
export type Pasted = (foreign: string, own: boolean, plain: string, files: boolean) => void;

/** How a text looks; what is not set is missing. The names are `shared/src/paste/block.rs`'s. */
interface Look {
  bold?: true | undefined;
  italic?: true | undefined;
  underline?: true | undefined;
  href?: string | undefined;
  kept?: true | undefined;
}

/** What the HTML says of a block; likewise. */
interface Facts {
  tag: string;
  depth?: number;
  list?: string | undefined;
  marked?: string | undefined;
  item?: number | undefined;
  level?: number | undefined;
  row?: number;
  cell?: number;
  mso?: string | undefined;
  outline?: number | undefined;
  class?: string | undefined;
  marker?: string;
}

/** What an element hands down to what is in it. */
interface Scope {
  look: Look;
  facts: Facts;
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
  "script x-style template head title svg math iframe object audio video canvas select textarea button".split(" "),
);
const HIDDEN = /display:\s*none|mso-hide:\s*all|mso-element:\s*comment|mso-special-character:\s*comment/i;

/** Styles are read as text: a policy may forbid the browser to read them, and it drops those of Word. */
function styleOf(element: Element, name: string): string {
  const style = element.getAttribute(STYLE) ?? "";
  return new RegExp(`(?:^|[;\\s])${name}\\s*:\\s*([^;]*)`, "i").exec(style)?.[1]?.trim().toLowerCase() ?? "";
}

/** The name that styles have in the parsed document. */
const STYLE = "data-style";

/** Elements in elements beyond which nobody wrote a text: browsers read what is nested deeper in a time that
 * grows with its square. */
const DEPTH = 1000;

/** What may stand without its end. */
const OPEN_ENDED =
  /^<\/?(?:area|base|br|col|colgroup|dd|dt|embed|hr|img|input|li|link|meta|option|p|source|tbody|td|tfoot|th|thead|tr|wbr)\b|\/>$/i;

/** Nothing runs in a parsed document. But what a policy forbids is refused aloud even there, so styles,
 * handlers and the like have other names in it. None for what is nested too deeply. */
function parse(html: string): HTMLElement | null {
  let depth = 0;
  let deepest = 0;
  const quiet = html.replace(/<\/?[a-z][^<>]*>/gi, (tag) => {
    if (!OPEN_ENDED.test(tag)) deepest = Math.max(deepest, (depth += tag[1] === "/" ? -1 : 1));
    return tag.replace(/^<(\/?)(style|base)\b/i, "<$1x-$2").replace(/([\s"'/])(style|on\w+)\s*=/gi, "$1 data-$2=");
  });
  return deepest > DEPTH ? null : new DOMParser().parseFromString(quiet, "text/html").body;
}

class Walk {
  readonly ops: { insert: string; attributes: Look | Facts }[] = [];
  pictures = false;
  private open: Facts | null = null;
  private items = 0;
  private rows = 0;

  constructor(root: HTMLElement) {
    const scopes: Scope[] = [{ look: {}, facts: { tag: "" }, marker: false }];
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
    this.end();
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
    if (styleOf(element, "mso-tab-count")) {
      this.put("\t", { ...scope, look: { ...scope.look, kept: true } });
      return null;
    }
    const mso = styleOf(element, "mso-list");
    const inner: Scope = { ...scope, look: look(element, tag, scope.look), marker: scope.marker || mso === "ignore" };
    if (BLOCKS.has(tag)) {
      this.end();
      inner.facts = this.facts(element, tag, mso, scope.facts);
    }
    return inner;
  }

  private facts(element: Element, tag: string, mso: string, outer: Facts): Facts {
    const facts: Facts = { ...outer, tag, class: element.getAttribute("class") ?? undefined };
    const marked = element.getAttribute("type") || styleOf(element, "list-style-type") || undefined;
    if (tag === "ul" || tag === "ol") {
      facts.depth = (outer.depth ?? 0) + 1;
      facts.list = tag;
      facts.marked = marked;
    } else if (tag === "li") {
      facts.item = ++this.items;
      facts.level = whole(element.getAttribute("aria-level") ?? element.getAttribute("data-aria-level"));
      facts.marked = marked ?? facts.marked;
    } else if (tag === "tr") {
      facts.row = ++this.rows;
    } else if (tag === "td" || tag === "th") {
      facts.cell = (element as HTMLTableCellElement).cellIndex + 1;
      // The list that a table stands in is not that of what stands in the table.
      facts.depth = 0;
    }
    if (mso) facts.mso = mso === "none" ? undefined : mso;
    facts.outline = whole(styleOf(element, "mso-outline-level")) ?? outer.outline;
    return facts;
  }

  private leave(element: Element): void {
    if (BLOCKS.has(element.localName)) this.end();
  }

  private text(text: string, scope: Scope, between: boolean): void {
    // The clipboard's own lines around what was copied.
    if (between && text.includes("\n") && !text.trim()) return;
    this.put(text, scope);
  }

  private put(text: string, { look, facts, marker }: Scope): void {
    this.open ??= { ...facts };
    if (marker) this.open.marker = (this.open.marker ?? "") + text.trim();
    else this.ops.push({ insert: sound(text), attributes: look });
  }

  private end(): void {
    if (this.open) this.ops.push({ insert: "\n", attributes: this.open });
    this.open = null;
  }
}

function look(element: Element, tag: string, outer: Look): Look {
  const look = { ...outer };
  const set = (name: "bold" | "italic" | "underline" | "kept", on: boolean) => (look[name] = on || undefined);
  if (tag === "b" || tag === "strong") look.bold = true;
  if (tag === "i" || tag === "em") look.italic = true;
  if (tag === "u" || tag === "ins") look.underline = true;
  if (tag === "a") look.href = element.getAttribute("href") ?? undefined;
  if (tag === "pre") look.kept = true;
  const weight = styleOf(element, "font-weight");
  if (weight) set("bold", /^bold/.test(weight) || Number(weight) >= 600);
  const slant = styleOf(element, "font-style");
  if (slant) set("italic", /^(italic|oblique)/.test(slant));
  const line = styleOf(element, "text-decoration") || styleOf(element, "text-decoration-line");
  if (line) set("underline", line.includes("underline"));
  const space = styleOf(element, "white-space");
  if (space) set("kept", space.startsWith("pre"));
  return look;
}

function whole(text: string | null): number | undefined {
  return Math.max(parseInt(text ?? "", 10) || 0, 0) || undefined;
}

/** Reports what a clipboard or a drag holds. */
export function tell(data: DataTransfer, pasted: Pasted): void {
  const html = data.getData("text/html");
  const root = html ? parse(html) : null;
  const walk = root && new Walk(root);
  const own = Boolean(root?.querySelector(`[${OWN}]`));
  const files = data.files.length > 0 || Boolean(walk?.pictures);
  pasted(JSON.stringify(walk?.ops ?? []), own, sound(data.getData("text/plain")), files);
}
