// What phones, dictation and menus ask for without a key: told by the type of the input (Input Events Level 2, 4.1.2),
// as the name of the key's command. What a command does is not known here.

const COMMANDS: Record<string, string> = {
  insertParagraph: "enter",
  insertLineBreak: "enter",
  deleteContentBackward: "backspace",
  deleteWordBackward: "backspace-word",
  deleteContentForward: "delete",
  formatBold: "bold",
  formatItalic: "italic",
  formatUnderline: "underline",
  formatIndent: "tab",
  formatOutdent: "shift-tab",
  insertOrderedList: "ordered",
  insertUnorderedList: "bullet",
  insertLink: "link",
  historyUndo: "undo",
  historyRedo: "redo",
};

/** The command that an input asks for, if there is one of the kind. */
export function nameOf(event: InputEvent): string | undefined {
  return COMMANDS[event.inputType];
}

/** Whether it asks for what a text here can't be. */
export function isMeaningless(event: InputEvent): boolean {
  return /^(format|insertHorizontalRule|insertLink)/.test(event.inputType);
}
