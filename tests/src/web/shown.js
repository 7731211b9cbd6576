// What a page shows, read from its elements alone: the lines of a section, or of the title, as inserts of a Quill delta, and
// where the caret stands in them, as an index in UTF-16 code units.

const samsynShown = {
  box: (section) => document.querySelector(`[data-text="${section}"] [role=textbox]`),

  lines: (section) => [...samsynShown.box(section).children],

  inserts(section) {
    const ops = [];
    const marks = { STRONG: "bold", EM: "italic", U: "underline" };
    for (const line of samsynShown.lines(section)) {
      const texts = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
      for (let text = texts.nextNode(); text; text = texts.nextNode()) {
        const attributes = {};
        for (let parent = text.parentElement; parent !== line; parent = parent.parentElement) {
          if (parent.tagName === "A") attributes.link = parent.getAttribute("href");
          else if (marks[parent.tagName]) attributes[marks[parent.tagName]] = true;
          // An item of a list: its line says all that there is to say.
          else if (parent.getAttribute("role") !== "listitem") ops.push({ insert: `<${parent.tagName}>` });
        }
        if (text.data) ops.push({ insert: text.data, attributes });
      }
      const attributes = {};
      if (line.dataset.header) attributes.header = Number(line.dataset.header);
      if (line.dataset.list) attributes.list = line.dataset.list;
      if (Number(line.dataset.indent)) attributes.indent = Number(line.dataset.indent);
      ops.push({ insert: "\n", attributes });
    }
    return ops;
  },

  index(section, node, offset) {
    let before = 0;
    for (const line of samsynShown.lines(section)) {
      if (line.contains(node)) {
        const range = document.createRange();
        range.setStart(line, 0);
        range.setEnd(node, offset);
        return before + range.toString().length;
      }
      before += line.textContent.length + 1;
    }
    return null;
  },

  /** The selection's anchor and focus, or null when it is not in the section. */
  selection(section) {
    const { anchorNode, anchorOffset, focusNode, focusOffset } = getSelection();
    if (!samsynShown.box(section)?.contains(focusNode)) return null;
    return [
      samsynShown.index(section, anchorNode, anchorOffset),
      samsynShown.index(section, focusNode, focusOffset),
    ];
  },
};
