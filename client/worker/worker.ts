// The service worker: keeps the page's files, so that the page also opens without a network. It knows nothing of
// målbilder, and never touches what is asked of the server's API.
//
// A file's name holds a hash of its content, so whichever version kept it, it is the right one; only the page itself
// (`/`, which is also what `/m/…` shows) says which version runs. It is asked of the server first: whoever reaches the
// server runs what the server has, whatever is kept here and whichever worker is in charge.
//
// A worker waits, as browsers have it, until no page is open that an older one serves. So nothing that a page may still
// load is removed under it, and no page is handed from one version to another. Should a release ever have to replace
// a faulty worker at once, its own worker may skip that wait.

// One line that the build puts before this file says what the page consists of.
declare const VERSION: string;
declare const FILES: string[];
declare const self: ServiceWorkerGlobalScope;

const PAGE = '/';
const PREFIX = 'samsyn ';
const CACHE = PREFIX + VERSION;

// How long the server may take to answer with the page, in milliseconds. Nobody waits gladly before an empty window
// while the page lies ready, and a slow mobile network answers within that time.
const PATIENCE = 2000;

const IS_FILE = /^\/(fonts\/)?[^/]+-[0-9a-f]{16}(_bg)?\.\w+$/;
const IS_PAGE = /^\/(m\/.*)?$/;

self.addEventListener('install', event => event.waitUntil(keep()));
self.addEventListener('activate', event => event.waitUntil(takeOver()));
self.addEventListener('fetch', event => {
    const { request } = event;
    const { origin, pathname } = new URL(request.url);
    if (request.method !== 'GET' || origin !== location.origin) return;
    if (request.mode === 'navigate') {
        if (IS_PAGE.test(pathname)) event.respondWith(page(request));
    } else if (IS_FILE.test(pathname)) {
        event.respondWith(file(request));
    }
});

// Keeps this version, or fails. The page is put in last: a cache that has it has all.
async function keep(): Promise<void> {
    // With its headers, since the nonce in its policy is the one that its script has.
    const [page, ...files] = await Promise.all([get(PAGE, 'no-store'), ...FILES.map(path => get(path, 'default'))]);
    const html = await page.clone().text();
    // The server may have become another between two requests.
    const isOther = FILES.some(path => /\.(js|css|wasm)$/.test(path) && !html.includes(path));
    if (isOther) throw new Error('the page is of another version than its worker');
    // One of this name is there when a server went back to a version; the newest one is the last that was made.
    await caches.delete(CACHE);
    const cache = await caches.open(CACHE);
    await Promise.all(files.map((file, index) => cache.put(FILES[index]!, file)));
    await cache.put(PAGE, page);
}

async function get(path: string, mode: RequestCache): Promise<Response> {
    const answer = await fetch(path, { cache: mode });
    // What was redirected, as by a login in between, is none of ours.
    if (!answer.ok || answer.redirected) throw new Error(`${path} is not to be had: ${answer.status}`);
    return answer;
}

// Removes what older versions kept, and serves the page that brought this worker, too.
async function takeOver(): Promise<void> {
    const names = (await caches.keys()).filter(name => name.startsWith(PREFIX));
    await Promise.all(names.slice(0, names.indexOf(CACHE)).map(name => caches.delete(name)));
    await self.clients.claim();
}

async function page(request: Request): Promise<Response> {
    const asked = fetch(request);
    try {
        const answer = await Promise.race([asked, rest(PATIENCE)]);
        // Where a proxy answers for a server that is down, the server was not reached.
        if (answer && answer.status < 500) return answer;
    } catch {
        // The server was not reached.
    }
    return await newest().catch(() => undefined) ?? asked;
}

// The page as it was kept last. That may be of a version whose worker still waits.
async function newest(): Promise<Response | undefined> {
    for (const name of (await caches.keys()).reverse()) {
        const page = name.startsWith(PREFIX) ? await (await caches.open(name)).match(PAGE) : undefined;
        if (page) return page;
    }
    return undefined;
}

// A browser whose storage fails is served as if there were no worker.
async function file(request: Request): Promise<Response> {
    const kept = await caches.match(request, { ignoreVary: true }).catch(() => undefined);
    return kept ?? fetch(request);
}

function rest(milliseconds: number): Promise<undefined> {
    return new Promise(resolve => setTimeout(() => resolve(undefined), milliseconds));
}

export {};
