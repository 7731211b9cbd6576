// Which addresses a text may lead to. `shared/src/text/hyperlink.rs` decides it for every way out of a document; here it is
// asked, for what is shown, followed, copied and read back. What is refused is shown as its words.

let follows: (address: string) => boolean = () => false;

/** Sets whom to ask. */
export function ask(rule: (address: string) => boolean): void {
  follows = rule;
}

/** Whether an address may be followed, and the browser can read it. */
export function mayFollow(address: string): boolean {
  if (!follows(address)) return false;
  try {
    return Boolean(new URL(address));
  } catch {
    return false;
  }
}
