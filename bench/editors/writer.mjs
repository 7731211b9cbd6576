// A remote person who writes: a few words here, then somewhere else, now and then a letter taken back or a new line.

import * as Y from "yjs";
import { Chance } from "./chance.mjs";
import { Connection } from "./connection.mjs";
import { MIDDLE } from "./text.mjs";

const COLOURS = ["#b83b72", "#3f5fc4", "#d9822b", "#8f5318", "#5c4b8a"];

/** Each so many edits one is a whole word at once, `<wwwcccc>`, by which it is known wherever it arrives. */
const MARK_EVERY = 5;
/** After so many edits a writer goes somewhere else. */
const STAY = 20;

export class Writer {
  constructor(address, structure, number) {
    this.connection = new Connection(address);
    this.structure = structure;
    this.number = number;
    this.chance = new Chance(1000 + number);
    this.user = { name: `Skribent ${number + 1}`, color: COLOURS[number % COLOURS.length], organisation: "Region" };
    this.edits = 0;
    this.marks = 0;
    this.own = 0;
    this.place = null;
  }

  get doc() {
    return this.connection.doc;
  }

  mark(counter) {
    const digits = (value, count) => value.toString(16).padStart(count, "0");
    return `<${digits(this.number, 3)}${digits(counter, 4)}>`;
  }

  /** Makes one edit, and shows where the caret is then. */
  edit() {
    if (!this.place || this.edits % STAY === 0) this.#go();
    const at = Y.createAbsolutePositionFromRelativePosition(this.place, this.doc);
    if (!at) return this.#go();
    this.edits++;
    const put = (text) => {
      at.type.insert(at.index, text);
      this.own++;
      return { type: at.type, index: at.index + text.length };
    };
    let then;
    this.doc.transact(() => {
      if (this.edits % MARK_EVERY === 0) then = put(this.mark(this.marks++));
      else if (this.own > 1 && this.chance.is(0.15)) {
        // Only what is one's own, and of that only what cannot be part of a mark.
        this.own = 0;
        at.type.delete(at.index - 1, 1);
        then = { type: at.type, index: at.index - 1 };
      } else if (this.chance.is(0.03)) {
        then = this.structure.newLine(at.type, at.index);
        this.own = 0;
      } else then = put(this.chance.is(0.15) ? " " : this.chance.word()[0]);
    });
    if (this.edits % MARK_EVERY === 0) this.own = 0;
    this.place = Y.createRelativePositionFromTypeIndex(then.type, then.index, -1);
    this.connection.announce(this.user, then);
  }

  /** Goes to a line of somebody's, but not into the one of the person who is measured. */
  #go() {
    const lines = this.structure.lines(this.doc).filter(({ type, text }) => type && text.length > 60 && !text.includes(MIDDLE));
    const line = lines[this.chance.below(lines.length)];
    // After a word: nobody writes inside one, and no mark is ever parted.
    const inner = line.text.indexOf(" ", this.chance.below(line.text.length - 10));
    const index = line.from + (inner < 0 ? line.text.length : inner + 1);
    this.place = Y.createRelativePositionFromTypeIndex(line.type, index, -1);
    this.own = 0;
  }
}
