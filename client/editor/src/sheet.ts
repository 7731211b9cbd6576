// The style sheets that come along with what is pasted: what they say of an element is written to it, before its own
// style. Excel and some programs of macOS say there alone that a text is struck out, or a sign's font.

import { STYLE } from "./paste";

/** What a look is read from. Not what hides words: of a sheet that hides more than was hidden nothing would be left. */
const READ =
  /^(?:font-(?:family|style|weight)|text-(?:decoration|transform)|text-decoration-line|vertical-align|white-space|list-style|list-style-type)$/;

/** More rules than any program writes; and so many elements they may be written to. */
const RULES = 1000;
const WRITTEN = 100_000;

/** Writes what the sheets in a parsed document say to its elements. */
export function dress(body: HTMLElement): void {
  const sheets = [...body.ownerDocument.querySelectorAll("x-style")];
  // What an HTML comment held is a sheet's, too; they are written so for programs that know no sheets.
  const css = sheets.flatMap((sheet) => [...sheet.childNodes].map((part) => part.nodeValue ?? "")).join("\n");
  if (!css.trim()) return;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  const said = new Map<Element, string>();
  let left = WRITTEN;
  all: for (const rule of [...sheet.cssRules].slice(0, RULES)) {
    if (!(rule instanceof CSSStyleRule)) continue;
    const read = [...rule.style].filter((name) => READ.test(name));
    const declared = read.map((name) => `${name}:${rule.style.getPropertyValue(name)};`).join("");
    if (!declared) continue;
    for (const element of body.querySelectorAll(rule.selectorText)) {
      if (left-- <= 0) break all;
      said.set(element, (said.get(element) ?? "") + declared);
    }
  }
  for (const [element, style] of said) element.setAttribute(STYLE, style + (element.getAttribute(STYLE) ?? ""));
}
