// The caret after words have gone.

import type { EditorView } from "prosemirror-view";

/** Safari holds words that have gone selected still, as nothing: the next arrow key would only end that. */
export function collapse(view: EditorView): void {
  const held = getSelection();
  if (view.state.selection.empty && held && !held.isCollapsed) held.collapseToStart();
}
