// The document that all editors start with: lines of the kinds that all of them know, from a fixed seed.

import { Chance } from "./chance.mjs";

/** The word that ends the line in which the page's own person types. Nobody else writes in that line. */
export const MIDDLE = "mittpunkten";

/** About so many characters in paragraphs, some headings and bullets, some words in bold. */
export function document(characters) {
  const chance = new Chance(1);
  const lines = [];
  for (let left = characters; left > 0; ) {
    const turn = lines.length % 16;
    const kind = turn === 0 ? "heading" : turn >= 12 ? "bullet" : "paragraph";
    const size = kind === "heading" ? 30 : kind === "bullet" ? 120 : 250 + chance.below(400);
    let text = chance.word();
    while (text.length < size) text += ` ${chance.word()}`;
    const bold = kind === "paragraph" && chance.is(0.3) ? { from: 20, to: 45 } : null;
    lines.push({ kind, text: `${text}.`, bold });
    left -= text.length + 2;
  }
  let middle = lines.length >> 1;
  while (lines[middle].kind !== "paragraph") middle++;
  lines[middle].text += ` ${MIDDLE} `;
  return lines;
}
