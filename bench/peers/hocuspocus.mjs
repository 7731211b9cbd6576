// Hocuspocus as its own guide starts it: in memory, no extensions.

import { Server } from "@hocuspocus/server";

const server = new Server({ address: "127.0.0.1", port: Number(process.env.PORT), quiet: true });
await server.listen();
