// What the page asks the server first, asked while its program is still on its way: three requests, one after another,
// that would otherwise begin when it has come. It decides nothing: the program takes what was asked as its own, or asks
// by itself. Only an address as the server makes it is read here; whatever mail programs made of one is the program's.

interface Early {
  /** What the målbild is: the answer's status and text. Rejected if the server was not reached. */
  answer: Promise<[number, string]>;
  /** The link's token that is traded on the way; empty if there is none. */
  token: string;
  id: string;
  /** The socket to its content, once this browser may open one, and what came over it before the program listens. */
  socket: WebSocket | null;
  heard: MessageEvent[];
  /** The program opens its own from now on, if it found none. */
  isTaken: boolean;
}

declare global {
  interface Window {
    samsynEarly?: Early;
  }
}

const [, id] = /^\/m\/([\w-]{16})$/.exec(location.pathname) ?? [];
const token = location.hash.slice(1);
if (id && /^([\w-]{27})?$/.test(token)) {
  const about = `/api/malbilder/${id}`;
  const early: Early = { answer: ask(), token, id, socket: null, heard: [], isTaken: false };
  window.samsynEarly = early;
  // Whoever takes it hears of a failure.
  early.answer.catch(() => {});

  async function ask(): Promise<[number, string]> {
    // `limits::REQUEST_ANSWER`.
    const signal = AbortSignal.timeout(30_000);
    if (token) {
      const headers = { Authorization: `Bearer ${token}` };
      const traded = await fetch(`${about}/session`, { method: "POST", headers, signal });
      if (!traded.ok) return [traded.status, await traded.text()];
    }
    const answer = await fetch(about, { signal });
    if (answer.ok && !early.isTaken) {
      const scheme = location.protocol === "https:" ? "wss" : "ws";
      const socket = new WebSocket(`${scheme}://${location.host}/sync/${id}/content`, "samsyn.v1");
      socket.binaryType = "arraybuffer";
      socket.onmessage = (event) => early.heard.push(event);
      early.socket = socket;
    }
    return [answer.status, await answer.text()];
  }
}

export {};
