// What the clipboard or a drag holds, told flatly: its HTML as blocks with their tags and hints, and its
// plain text. The HTML is parsed into a document in which nothing runs and nothing is fetched, and is
// walked without recursion. What any of it means is decided in `shared/src/text/paste.rs`.

import { OWN } from "./copy";
import { sound } from "./delta";
import { dress } from "./sheet";

/** The HTML as foreign inserts (JSON), whether it is our own, the plain text, whether there were files. */
export type Pasted = (foreign: string, own: boolean, plain: string, files: boolean) => void;

/** How a text looks; what is not set is missing. The names are those of `block.rs` and `look.rs` in
 * `shared/src/text/paste/`. */
interface Look {
  bold?: true | undefined;
  italic?: true | undefined;
  underline?: true | undefined;
  href?: string | undefined;
  kept?: true | undefined;
  gone?: true | undefined;
  struck?: true | undefined;
  script?: string | undefined;
  font?: string | undefined;
  case?: string | undefined;
}

/** What stands in a text and has none itself. */
interface Thing {
  quote?: string;
  reading?: string;
  box?: string;
  round?: string;
  picture?: string;
}

/** What the HTML says of a block; likewise. */
interface Facts {
  tag: string;
  depth?: number;
  list?: string | undefined;
  marked?: string | undefined;
  item?: number | undefined;
  place?: number | undefined;
  level?: number | undefined;
  table?: number;
  row?: number;
  column?: number;
  mso?: string | undefined;
  outline?: number | undefined;
  class?: string | undefined;
  marker?: string;
  face?: string | undefined;
}

/** What an element hands down to what is in it. */
interface Scope {
  look: Look;
  facts: Facts;
  /** In Word's own drawing of an item's mark. */
  marker: boolean;
  /** What keeps its words from being seen, unless what is inside says otherwise: that they have no size, or are not shown;
   * and what nothing inside undoes. */
  sizeless: boolean;
  unseen: boolean;
  faded: boolean;
  /** A block, by its tag or its style; and whether each of what is in it is one. */
  block: boolean;
  parts: boolean;
}

const BREAK = "\u2028";
const THING = "\uFFFC";

const BLOCKS = new Set(
  ("address article aside blockquote body caption center dd details div dl dt fieldset figcaption figure footer " +
    "form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary table tbody td tfoot th thead tr ul").split(" "),
);

/** What is no text, or was not seen. */
const SKIPPED = new Set(
  "script x-style template head title svg math iframe object audio video canvas rp".split(" "),
);
const HIDDEN = /(?<![\w-])(?:mso-hide:\s*all|mso-element:\s*comment|mso-special-character:\s*comment)/i;
/** Inputs whose value is words that somebody wrote. */
const WRITTEN = /^(?:|text|search|tel|url|email|number|date|time|month|week|datetime-local)$/i;
/** What is laid out as a block, or each of whose parts is one. */
const BLOCK_DISPLAY = /^(?:block|flow-root|list-item|table|flex|grid)/;
const PARTING_DISPLAY = /^(?:inline-)?(?:flex|grid)/;

/** What marks a deletion that somebody proposed, and what a comment is tied to. */
const GONE = /(?:^|\s)(?:msoDel|MsoCommentReference|msocomanchor|msocomtxt|msocomoff)(?:\s|$)/i;
const EMOJI = /emoji|emoticon/i;

/** Where the cells of a table stand: its grid, with what reaches into it from above. */
class Grid {
  private spans: { from: number; to: number; rows: number }[] = [];
  /** The first span that ends behind the column. */
  private next = 0;
  private column = 1;

  /** A row begins. Cells reach down to the end of their group of rows at most. */
  row(isGroupsFirst: boolean): void {
    this.column = 1;
    this.spans = isGroupsFirst ? [] : this.spans.filter((span) => span.rows-- > 0);
    this.spans.sort((a, b) => a.from - b.from);
    this.next = 0;
  }

  /** The column that a cell begins in. */
  cell(cell: HTMLTableCellElement): number {
    for (let span; (span = this.spans[this.next]) && span.from <= this.column; this.next++) {
      this.column = Math.max(this.column, span.to);
    }
    const from = this.column;
    this.column += cell.colSpan;
    if (cell.rowSpan !== 1) {
      this.spans.push({ from, to: this.column, rows: cell.rowSpan === 0 ? Infinity : cell.rowSpan - 1 });
    }
    return from;
  }
}

/** Whether a table only lays out a page: it says so, or most of what stands in its cells are other tables. */
function laysOut(table: HTMLTableElement): boolean {
  if (/^(presentation|none)$/i.test(table.getAttribute("role") ?? "")) return true;
  if (!table.querySelector("table")) return false;
  const cells = [...table.rows].flatMap((row) => [...row.cells]);
  const holding = cells.filter((cell) => cell.querySelector("table")).length;
  const filled = cells.filter((cell) => cell.textContent?.trim()).length;
  return filled < 4 * holding;
}

/** A list's places, as a browser counts them. */
class Places {
  private next: number;
  private readonly step: number;

  constructor(list: Element) {
    const reversed = list.hasAttribute("reversed");
    const start = parseInt(list.getAttribute("start") ?? "", 10);
    this.step = reversed ? -1 : 1;
    const items = () => [...list.children].filter((child) => child.localName === "li").length;
    this.next = Number.isNaN(start) ? (reversed ? items() : 1) : start;
  }

  item(item: Element): number {
    const value = parseInt(item.getAttribute("value") ?? "", 10);
    const place = Number.isNaN(value) ? this.next : value;
    this.next = place + this.step;
    return place;
  }
}

/** Styles are read as text: a policy may forbid the browser to read them, and it drops those of Word. Of two that say
 * the same the last one holds. */
function styleOf(element: Element, name: string): string {
  const style = element.getAttribute(STYLE) ?? "";
  const said = [...style.matchAll(new RegExp(`(?:^|[;\\s])${name}\\s*:\\s*([^;]*)`, "gi"))];
  return said.at(-1)?.[1]?.trim().toLowerCase() ?? "";
}

/** The name that styles have in the parsed document. */
export const STYLE = "data-style";

/** Elements in elements beyond which nobody wrote a text: browsers read what is nested deeper in a time that
 * grows with its square. */
const DEPTH = 1000;

/** What may stand without its end: by its name, or in a drawing, where `/>` ends an element. */
const OPEN_ENDED =
  /^<\/?(?:area|base|br|col|colgroup|dd|dt|embed|hr|img|input|li|link|meta|option|p|source|tbody|td|tfoot|th|thead|tr|wbr)\b|^<(?:o:p|v:\w+|path|g|rect|circle|ellipse|line|poly\w+|use|stop|image|animate\w*|fe\w+|m\w+)\b[^]*\/>$/i;

/** A tag. A `>` in quotes does not end it. */
const TAG = /<\/?[a-z](?:(?:"[^"]{0,2000}"|'[^']{0,2000}'|[^<>"'])*|[^<>]*)>/gi;

/** Nothing runs in a parsed document. But what a policy forbids is refused aloud even there, so styles,
 * handlers and the like have other names in it. None for what is nested too deeply. */
function parse(html: string): HTMLElement | null {
  let depth = 0;
  let deepest = 0;
  const quiet = html.replace(TAG, (tag) => {
    if (!OPEN_ENDED.test(tag)) deepest = Math.max(deepest, (depth = Math.max(depth + (tag[1] === "/" ? -1 : 1), 0)));
    return tag.replace(/^<(\/?)(style|base)\b/i, "<$1x-$2").replace(/([\s"'/])(style|on\w+)\s*=/gi, "$1 data-$2=");
  });
  if (deepest > DEPTH) return null;
  const { body } = new DOMParser().parseFromString(quiet, "text/html");
  dress(body);
  return body;
}

class Walk {
  readonly ops: { insert: string; attributes: (Look & Thing) | Facts }[] = [];
  pictures = false;
  private open: Facts | null = null;
  private items = 0;
  private rows = 0;
  private tables = 0;
  private readonly grids = new Map<Element, Grid>();
  private readonly places = new Map<Element, Places>();

  constructor(root: HTMLElement) {
    const seen = { sizeless: false, unseen: false, faded: false, block: false, parts: false };
    const scopes: Scope[] = [{ look: {}, facts: { tag: "" }, marker: false, ...seen }];
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
        if (inner) this.leave(node, inner);
      } else if (node.nodeType === Node.TEXT_NODE) {
        this.text(node.nodeValue ?? "", scope, node.parentNode === root);
      }
      while (node && !node.nextSibling) {
        node = node.parentNode === root ? null : node.parentNode;
        const inner = scopes.pop();
        if (node instanceof Element && inner) this.leave(node, inner);
      }
      node = node?.nextSibling ?? null;
    }
    this.end();
  }

  /** What holds inside an element; none when there is nothing to read in it. */
  private enter(element: Element, scope: Scope): Scope | null {
    const tag = element.localName;
    if (tag === "img") this.picture(element, scope);
    const display = styleOf(element, "display");
    const isGone = element.hasAttribute("hidden") || display === "none" || HIDDEN.test(element.getAttribute(STYLE) ?? "");
    // A button is no text, but for one that folds out what stands below its heading.
    const isTool = tag === "button" && !/^(?:h[1-6]|dt)$/.test(element.parentElement?.localName ?? "");
    if (SKIPPED.has(tag) || isTool || isGone) return null;
    if (tag === "input") {
      const type = element.getAttribute("type")?.toLowerCase() ?? "";
      const kind = { checkbox: "box", radio: "round" }[type];
      if (kind) this.thing({ [kind]: element.hasAttribute("checked") ? "on" : "off" }, scope);
      else if (WRITTEN.test(type)) this.put(element.getAttribute("value") ?? "", scope);
      return null;
    }
    if (tag === "select") {
      const chosen = element.querySelector("option[selected]") ?? element.querySelector("option");
      this.put(chosen?.textContent ?? "", scope);
      return null;
    }
    if (tag === "br") {
      if (element.className !== "Apple-interchange-newline") this.put(BREAK, scope);
      return null;
    }
    if (styleOf(element, "mso-tab-count")) {
      this.put("\t", { ...scope, look: { ...scope.look, kept: true } });
      return null;
    }
    const mso = styleOf(element, "mso-list");
    const inner: Scope = {
      ...scope,
      look: look(element, tag, scope.look),
      marker: scope.marker || mso === "ignore",
      ...sight(element, scope),
      block: BLOCKS.has(tag) || BLOCK_DISPLAY.test(display) || scope.parts,
      parts: PARTING_DISPLAY.test(display),
    };
    if (inner.block) {
      this.end();
      inner.facts = this.facts(element, BLOCKS.has(tag) ? tag : "div", mso, scope.facts);
    }
    if (element.getAttribute("role") === "checkbox") {
      this.thing({ box: element.getAttribute("aria-checked") === "true" ? "on" : "off" }, inner);
    }
    if (tag === "q") this.thing({ quote: "on" }, inner);
    if (tag === "rt") this.thing({ reading: "on" }, inner);
    return inner;
  }

  /** A picture that stands in a text for a sign is told by its words. */
  private picture(element: Element, scope: Scope): void {
    const words = element.getAttribute("alt")?.trim() ?? "";
    const says = ["class", "itemtype", "data-emoji", "data-stringify-emoji", "data-emoji-short-name", "src"];
    const isSaid = (name: string) => name.startsWith("data-") && element.hasAttribute(name);
    const isEmoji = says.some((name) => isSaid(name) || EMOJI.test(element.getAttribute(name) ?? ""));
    const isSign = isEmoji || !/[\p{L}\p{N}]/u.test(words);
    if (words && words.length <= 64 && isSign) this.thing({ picture: words }, scope);
    else this.pictures = true;
  }

  private facts(element: Element, tag: string, mso: string, outer: Facts): Facts {
    const facts: Facts = { ...outer, tag, class: element.getAttribute("class") ?? undefined };
    const marked = element.getAttribute("type") || styleOf(element, "list-style-type") || styleOf(element, "list-style") || undefined;
    if (tag === "ul" || tag === "ol") {
      facts.depth = (outer.depth ?? 0) + 1;
      facts.list = tag;
      facts.marked = marked;
      if (tag === "ol") this.places.set(element, new Places(element));
    } else if (tag === "li") {
      facts.item = ++this.items;
      facts.place = element.parentElement ? this.places.get(element.parentElement)?.item(element) : undefined;
      facts.level = whole(element.getAttribute("aria-level") ?? element.getAttribute("data-aria-level"));
      facts.marked = marked ?? facts.marked;
    } else if (tag === "table") {
      // A table in another's cell is part of what stands there.
      if (!facts.table) {
        const lays = laysOut(element as HTMLTableElement);
        facts.table = lays ? 0 : ++this.tables;
        if (!lays) this.grids.set(element, new Grid());
        facts.row = facts.column = 0;
      }
    } else if (tag === "tr" && this.isOfGrid(element, facts)) {
      facts.row = ++this.rows;
      this.gridOf(element)?.row(!element.previousElementSibling);
    } else if ((tag === "td" || tag === "th") && this.isOfGrid(element, facts)) {
      facts.column = this.gridOf(element)?.cell(element as HTMLTableCellElement) ?? 0;
      // The list that a table stands in is not that of what stands in the table.
      facts.depth = 0;
    }
    if (mso) facts.mso = mso === "none" ? undefined : mso;
    facts.outline = whole(styleOf(element, "mso-outline-level")) ?? outer.outline;
    return facts;
  }

  /** Whether a row or a cell is of the table that it is said to be in, and of none in a cell of that. */
  private isOfGrid(element: Element, facts: Facts): boolean {
    return !facts.table || this.gridOf(element) !== undefined;
  }

  private gridOf(element: Element): Grid | undefined {
    const table = element.closest("table");
    return table ? this.grids.get(table) : undefined;
  }

  private leave(element: Element, scope: Scope): void {
    if (element.localName === "q") this.thing({ quote: "off" }, scope);
    if (element.localName === "rt") this.thing({ reading: "off" }, scope);
    if (scope.block) this.end();
  }

  private text(text: string, scope: Scope, between: boolean): void {
    // The clipboard's own lines around what was copied.
    if (between && text.includes("\n") && !text.trim()) return;
    this.put(text, scope);
  }

  private thing(thing: Thing, { look, facts, ...scope }: Scope): void {
    if (isHidden(scope)) return;
    this.open ??= { ...facts };
    this.ops.push({ insert: THING, attributes: { ...look, ...thing } });
  }

  private put(text: string, { look, facts, marker, ...scope }: Scope): void {
    if (isHidden(scope)) return;
    this.open ??= { ...facts };
    if (marker) {
      this.open.marker = (this.open.marker ?? "") + text.trim();
      this.open.face ??= look.font;
    } else this.ops.push({ insert: composed(text), attributes: look });
  }

  private end(): void {
    if (this.open) this.ops.push({ insert: "\n", attributes: this.open });
    this.open = null;
  }
}

type Sight = Pick<Scope, "sizeless" | "unseen" | "faded">;

function isHidden({ sizeless, unseen, faded }: Sight): boolean {
  return sizeless || unseen || faded;
}

/** What an element says of whether its words are seen. */
function sight(element: Element, outer: Sight): Sight {
  const size = styleOf(element, "font-size");
  const isRelative = /(?:em|%|er)$/.test(size) || size === "inherit";
  const visibility = styleOf(element, "visibility");
  return {
    sizeless: size && !(isRelative && parseFloat(size) !== 0) ? parseFloat(size) === 0 : outer.sizeless,
    unseen: visibility && visibility !== "inherit" ? /^(hidden|collapse)/.test(visibility) : outer.unseen,
    faded: outer.faded || parseFloat(styleOf(element, "opacity")) === 0,
  };
}

function look(element: Element, tag: string, outer: Look): Look {
  const look = { ...outer };
  const set = (name: "bold" | "italic" | "underline" | "kept", on: boolean) => (look[name] = on || undefined);
  if (tag === "b" || tag === "strong") look.bold = true;
  if (tag === "i" || tag === "em") look.italic = true;
  if (tag === "u") look.underline = true;
  // Of a tracked change it says who made it or when; else it is a line that somebody drew through their words.
  const isTracked = tag === "del" && (element.hasAttribute("cite") || element.hasAttribute("datetime"));
  if (isTracked || GONE.test(element.className)) look.gone = true;
  if (/^(?:del|s|strike)$/.test(tag)) look.struck = true;
  if (tag === "sup" || tag === "sub") look.script = tag === "sup" ? "super" : "sub";
  if (tag === "a") look.href = element.getAttribute("href") ?? undefined;
  if (tag === "pre") look.kept = true;
  const weight = styleOf(element, "font-weight");
  if (weight) set("bold", /^bold/.test(weight) || Number(weight) >= 600);
  const slant = styleOf(element, "font-style");
  if (slant) set("italic", /^(italic|oblique)/.test(slant));
  const line = styleOf(element, "text-decoration(?:-line)?");
  if (line) set("underline", line.includes("underline"));
  // Unlike others, a line through a text goes through all that is in it.
  if (line.includes("line-through")) look.struck = true;
  const raised = styleOf(element, "vertical-align");
  const lifted = parseFloat(raised || styleOf(element, "mso-text-raise"));
  if (/^(super|sub)$/.test(raised)) look.script = raised;
  else if (lifted) look.script = lifted > 0 ? "super" : "sub";
  // Many a style sheet lifts what `sup` says by other means.
  else if (raised === "baseline" && tag !== "sup" && tag !== "sub") look.script = undefined;
  const font = styleOf(element, "mso-symbol-font-family") || element.getAttribute("face")?.toLowerCase() || styleOf(element, "font-family");
  if (font) look.font = font.split(",")[0]!.replace(/["']|&quot;/g, "").trim();
  const letters = styleOf(element, "text-transform");
  if (letters) look.case = letters;
  const space = styleOf(element, "white-space");
  if (space) set("kept", space.startsWith("pre"));
  return look;
}

/** A letter and its mark that come in two parts are one, and so are letters that were drawn as one sign. */
function composed(text: string): string {
  return sound(text)
    .normalize()
    .replace(/[\uFB00-\uFB06]/g, (sign) => sign.normalize("NFKC"));
}

function whole(text: string | null): number | undefined {
  return Math.max(parseInt(text ?? "", 10) || 0, 0) || undefined;
}

/** Reports what a clipboard or a drag holds. */
export function reportPaste(data: DataTransfer, pasted: Pasted): void {
  const html = data.getData("text/html");
  const root = html ? parse(html) : null;
  const walk = root && new Walk(root);
  const parts = [...(root?.children ?? [])];
  const own = parts.length > 0 && parts.every((part) => part.hasAttribute(OWN));
  const files = data.files.length > 0 || Boolean(walk?.pictures);
  pasted(JSON.stringify(walk?.ops ?? []), own, composed(data.getData("text/plain")), files);
}
