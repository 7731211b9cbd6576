// How a state comes onto the page, also where the browser's own nodes have another text than ProseMirror thinks.

import type { EditorState } from "prosemirror-state";
import type { EditorView } from "prosemirror-view";

/** How ProseMirror marks what it has to draw whole. */
const NODE_DIRTY = 3;

/** Shows a state. Where the browser changed a text that ProseMirror has not read yet, there may be no place for the
 * caret, and ProseMirror throws: it would no longer watch the text, and nobody would hear of what is typed then. So all of
 * it is drawn anew. */
export function draw(view: EditorView, state: EditorState): void {
  try {
    view.updateState(state);
  } catch (error) {
    console.warn("a text was drawn anew:", error);
    (view as unknown as { docView: { dirty: number } }).docView.dirty = NODE_DIRTY;
    view.updateState(state);
  }
}
