// Watches a page from the inside, each page in the same way: when a key was pressed, when a frame with a remote
// word came in, and when the screen's frame that shows it was handed over. It runs before the page's own scripts,
// as a function of the selector of the text box and of how many characters the document has.
(root, length) => {
  const MARK = 9; // characters of `<wwwcccc>`, a word that a remote writer writes at once
  const TAIL = 8; // any so many typed characters in a row are found only where they were typed
  const BLOCK = "p, li, h1, h2, h3, h4, h5, h6";

  // What is typed, and what remote writers write: for each the times in ms since the navigation began.
  const keys = [];
  const marks = new Map();
  const memories = new Set();
  let typed = "";
  let opened = null;

  // --- The screen's frames. A change that is made while a frame is prepared is in that frame; any other is in the
  // next. A task that a frame's first callback posts runs once the frame is laid out, painted and handed over.
  const request = window.requestAnimationFrame.bind(window);
  const channel = new MessageChannel();
  const handed = [];
  let current = null;
  let later = [];
  channel.port1.onmessage = () => {
    const frame = handed.shift();
    if (current === frame) current = null;
    const at = performance.now();
    for (const done of frame.done) done(at, frame.begun);
  };
  function begin() {
    if (current) return;
    current = { begun: performance.now(), done: later };
    later = [];
    handed.push(current);
    channel.port2.postMessage(null);
  }
  window.requestAnimationFrame = (callback) =>
    request((time) => {
      begin();
      callback(time);
    });
  function painted(done) {
    if (current) current.done.push(done);
    else {
      if (later.length === 0) request(begin);
      later.push(done);
    }
  }

  // When the page has done all that it does about what it shows, unless the frame comes first. A browser puts other
  // tasks off until the frame after a key, so this looks on within the task, behind what the page has put there.
  const HOPS = 32;
  function shown(one) {
    let hops = HOPS;
    (function hop() {
      one.done = performance.now();
      if (--hops > 0) queueMicrotask(hop);
    })();
    painted((at, begun) => Object.assign(one, { painted: at, begun }));
  }

  // --- What comes in. Heard before the page hears it, because the listener is there before the page has the socket.
  const missing = new Map();
  function note(bytes) {
    const at = performance.now();
    for (let i = bytes.indexOf(60); i >= 0; i = bytes.indexOf(60, i + 1)) {
      if (bytes[i + MARK - 1] !== 62) continue;
      const word = String.fromCharCode(...bytes.subarray(i, i + MARK));
      if (!/^<[0-9a-f]{7}>$/.test(word) || marks.has(word)) continue;
      const mark = { at, done: null, begun: null, painted: null };
      marks.set(word, mark);
      missing.set(word, mark);
    }
  }
  window.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      super.addEventListener("message", ({ data }) => {
        current = null; // a task of its own: the frame before it is done
        if (data instanceof ArrayBuffer) note(new Uint8Array(data));
        else if (data instanceof Blob) console.warn("a frame that cannot be read at once");
      });
    }
  };

  // --- What is pressed.
  const unseen = [];
  addEventListener(
    "keydown",
    (event) => {
      current = null;
      if (!event.isTrusted || event.key.length !== 1 || event.ctrlKey) return;
      typed += event.key;
      const key = { at: event.timeStamp, done: null, begun: null, painted: null };
      keys.push(key);
      unseen.push({ key, tail: typed.slice(-TAIL) });
    },
    { capture: true },
  );

  // --- What the document shows.
  function look(text) {
    while (unseen.length > 0 && text.includes(unseen[0].tail)) shown(unseen.shift().key);
    for (const [word, mark] of missing) {
      if (!text.includes(word)) continue;
      missing.delete(word);
      shown(mark);
    }
  }
  function isOpen() {
    const box = document.querySelector(root);
    return box?.isContentEditable && box.textContent.length >= length;
  }
  new MutationObserver((records) => {
    if (opened === null && length > 0 && isOpen()) {
      opened = 0;
      painted((at) => (opened = at));
    }
    if (unseen.length === 0 && missing.size === 0) return;
    const looked = new Set();
    for (const { target, addedNodes } of records) {
      const element = target.nodeType === Node.ELEMENT_NODE ? target : target.parentElement;
      if (!element?.closest(root)) continue;
      const block = element.closest(BLOCK);
      const changed = block?.closest(root) ? [block] : addedNodes;
      for (const node of changed) {
        if (looked.has(node)) continue;
        looked.add(node);
        look(node.textContent.replaceAll("\u00a0", " "));
      }
    }
  }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["contenteditable"] });

  // --- The memory of WebAssembly, which no tool tells of.
  for (const name of ["instantiate", "instantiateStreaming"]) {
    const original = WebAssembly[name];
    WebAssembly[name] = async (...given) => {
      const made = await original.apply(WebAssembly, given);
      for (const value of Object.values((made.instance ?? made).exports))
        if (value instanceof WebAssembly.Memory) memories.add(value);
      return made;
    };
  }

  window.bench = {
    opened: () => opened,
    /** What was measured so far, in ms; what is not shown yet has no `painted`. */
    times: () => ({
      now: performance.now(),
      keys: keys.map((key) => ({ ...key })),
      marks: [...marks.values()],
    }),
    /** The remote words that came and that nothing showed, with what the text box has of them. */
    unshown: () =>
      [...missing.keys()].map((word) => {
        const text = document.querySelector(root).textContent;
        return `${word} ${text.includes(word) ? "is there" : "is not there"}`;
      }),
    /** Puts a moment into a trace, by which the trace's clock is known; gives it in ms. */
    moment: () => performance.mark("bench").startTime,
    wasm: () => [...memories].reduce((sum, memory) => sum + memory.buffer.byteLength, 0),
    /** The text box's lines, without what an editor draws between them. */
    lines() {
      const lines = [...document.querySelectorAll(`:is(${root}) :is(${BLOCK})`)];
      return lines
        .filter((line) => !line.querySelector(BLOCK))
        .map((line) => line.textContent.replaceAll("\u00a0", " "));
    },
    /** Where the end of the line is that has this word in it, once it is on the screen. */
    endOf(word) {
      const line = [...document.querySelectorAll(`:is(${root}) :is(${BLOCK})`)].find((one) => one.textContent.includes(word));
      if (!line) return null;
      line.scrollIntoView({ block: "center", behavior: "instant" });
      const range = document.createRange();
      range.selectNodeContents(line);
      const boxes = [...range.getClientRects()];
      const last = boxes[boxes.length - 1];
      return { x: last.right - 1, y: (last.top + last.bottom) / 2 };
    },
  };
};
