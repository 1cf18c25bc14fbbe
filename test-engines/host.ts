/** A server of pages on localhost, and a page's word on what came of it. */
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { extname, join, normalize } from "node:path";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

export class Host {
  private readonly server: Server;
  private settle: ((outcome: unknown) => void) | undefined;

  /** Serves a folder's files, with headers of the caller's; a page posts its outcome to /result. */
  constructor(folder: string, headers: Readonly<Record<string, string>> = {}) {
    this.server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? "/", "http://localhost");
      if (request.method === "POST") {
        let body = "";
        request.setEncoding("utf8").on("data", (text: string) => (body += text));
        request.on("end", () => {
          response.end();
          this.settle?.(JSON.parse(body));
        });
        return;
      }
      const file = join(folder, normalize(pathname === "/" ? "/index.html" : pathname));
      if (!existsSync(file) || !statSync(file).isFile()) {
        response.writeHead(404).end();
        return;
      }
      const type = types[extname(file)] ?? "application/octet-stream";
      response.writeHead(200, { ...headers, "content-type": type });
      createReadStream(file).pipe(response);
    });
  }

  /** Listens, on localhost alone; the address. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    const address = this.server.address();
    if (address === null || typeof address === "string") throw new Error("the server has no port");
    return `http://127.0.0.1:${address.port}/`;
  }

  /** What the next page posts. */
  outcome(): Promise<unknown> {
    return new Promise((resolve) => (this.settle = resolve));
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
