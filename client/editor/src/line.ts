// One line's element in the text, as ProseMirror shows it. What a line is and how it looks is the schema's.

import type { Node } from "prosemirror-model";
import { isItem, itemDom, lineDom } from "./schema";

/** One line's element. It changes its attributes in place, so that a line which becomes a heading
 * while somebody composes in it keeps the text node that the composition is in. An item has one element
 * more: a list of its own, since no element can stand around the lines of one. */
export class LineView {
  dom = document.createElement("p");
  contentDOM: HTMLElement;

  constructor(private node: Node) {
    this.contentDOM = isItem(node.attrs) ? this.dom.appendChild(document.createElement("span")) : this.dom;
    this.show();
  }

  update(node: Node): boolean {
    if (node.type !== this.node.type || isItem(node.attrs) !== isItem(this.node.attrs)) return false;
    this.node = node;
    this.show();
    return true;
  }

  private show(): void {
    const { attrs } = this.node;
    setAttributes(this.dom, lineDom(attrs));
    if (isItem(attrs)) setAttributes(this.contentDOM, itemDom(attrs));
  }
}

/** Gives an element these attributes and no others. */
function setAttributes(element: HTMLElement, wanted: Record<string, string>): void {
  for (const { name } of [...element.attributes]) if (!(name in wanted)) element.removeAttribute(name);
  for (const [name, value] of Object.entries(wanted)) {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
}
