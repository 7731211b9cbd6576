// The text as ProseMirror holds it: lines, flat, exactly as the `Y.Text` has them. A heading and a list
// item are a line with attributes, so every change of the model is a fine step and no caret is lost.

import { type Attrs, Schema } from "prosemirror-model";
import { mayFollow } from "./links";

/** The attributes of a line's `\n`; null where the model has none. */
export interface LineAttrs {
  header: number | null;
  list: string | null;
  indent: number | null;
}

export const LINE_ATTRIBUTES = ["header", "list", "indent"] as const;
export const LISTS = ["bullet", "ordered", "lettered"];

/** Whether a line is an item of a list. A header wins over a list. */
export function isItem(attrs: Attrs): boolean {
  const { header, list } = attrs as LineAttrs;
  return !isHeader(header) && list !== null && LISTS.includes(list);
}

function isHeader(header: unknown): header is number {
  return typeof header === "number" && header >= 1 && header <= 3;
}

/** How far in an item is; any client may have written the attribute. */
function levelOf(indent: unknown): number {
  return Math.min(Math.max(Math.trunc(Number(indent)) || 0, 0), 8);
}

/** What the element around an item's text says of it. */
export function itemDom(attrs: Attrs): Record<string, string> {
  return { role: "listitem", "aria-level": String(levelOf(attrs["indent"]) + 1) };
}

/** What a line's element says of it: its role for those who listen, data for the style sheet. */
export function lineDom(attrs: Attrs): Record<string, string> {
  const { header, list, indent } = attrs as LineAttrs;
  if (isHeader(header)) {
    return { class: "line", role: "heading", "aria-level": String(header + 2), "data-header": String(header) };
  }
  if (isItem(attrs)) {
    return { class: "line", role: "list", "data-list": String(list), "data-indent": String(levelOf(indent)) };
  }
  return { class: "line" };
}

function pasted(element: HTMLElement): LineAttrs {
  const header = /^H([1-6])$/.exec(element.tagName);
  const list = element.tagName === "LI" ? (element.parentElement?.tagName === "OL" ? "ordered" : "bullet") : null;
  const data = element.dataset;
  const level = header ? Math.min(Number(header[1]), 3) : Number(data["header"] ?? 0);
  return {
    header: level || null,
    list: list ?? data["list"] ?? null,
    indent: Number(data["indent"] ?? 0) || null,
  };
}

export const schema = new Schema({
  nodes: {
    doc: { content: "line+" },
    line: {
      content: "text*",
      attrs: { header: { default: null }, list: { default: null }, indent: { default: null } },
      defining: true,
      parseDOM: ["p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "div"].map((tag) => ({
        tag,
        getAttrs: (element: HTMLElement) => ({ ...pasted(element) }),
      })),
      toDOM: (node) => ["p", lineDom(node.attrs), 0],
    },
    text: {},
  },
  marks: {
    link: {
      attrs: { href: {} },
      inclusive: false,
      parseDOM: [
        {
          tag: "a[href]",
          getAttrs: (element: HTMLElement) => {
            const href = element.getAttribute("href") ?? "";
            return mayFollow(href) && { href };
          },
        },
      ],
      toDOM: (mark) => {
        const href = String(mark.attrs["href"]);
        if (!mayFollow(href)) return ["span", 0];
        return ["a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, 0];
      },
    },
    bold: { parseDOM: [{ tag: "strong" }, { tag: "b" }], toDOM: () => ["strong", 0] },
    italic: { parseDOM: [{ tag: "em" }, { tag: "i" }], toDOM: () => ["em", 0] },
    underline: { parseDOM: [{ tag: "u" }], toDOM: () => ["u", 0] },
  },
});
