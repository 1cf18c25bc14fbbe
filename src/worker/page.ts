/** Finds the page from inside its worker: by a web Worker's scope, or by Node's parent port. */

import { findThreads, type ParentPort } from "../threads/worker-threads.js";

export interface Page {
  post(message: unknown, transfer: ArrayBuffer[]): void;
  listen(receive: (data: unknown) => void, unreadable: () => void): void;
  /** Holds a lock from before `held` is called until the worker ends; without one where there are none, or no need. */
  holdLock(held: (name: string | undefined) => void): void;
}

/** A web Worker's global scope. */
interface Scope {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  addEventListener(type: string, listener: (event: { data?: unknown }) => void): void;
  readonly navigator: { readonly locks?: Locks };
  readonly crypto: { randomUUID(): string };
}

interface Locks {
  request(name: string, held: () => Promise<never>): Promise<unknown>;
}

function isScope(global: object): global is Scope {
  return "postMessage" in global && "addEventListener" in global && !("document" in global);
}

/** Holds a lock of a web Worker's; there are none outside secure contexts. */
function holdLock({ navigator: { locks }, crypto }: Scope, held: (name: string | undefined) => void): void {
  if (locks === undefined) {
    held(undefined);
    return;
  }
  const name = `bptt-${crypto.randomUUID()}`;
  const forever = new Promise<never>(() => undefined);
  locks
    .request(name, () => {
      held(name);
      return forever;
    })
    .catch(() => {
      held(undefined);
    });
}

function webPage(scope: Scope): Page {
  return {
    post(message, transfer) {
      scope.postMessage(message, transfer);
    },
    listen(receive, unreadable) {
      scope.addEventListener("message", ({ data }) => {
        receive(data);
      });
      scope.addEventListener("messageerror", unreadable);
    },
    holdLock(held) {
      holdLock(scope, held);
    },
  };
}

/** Makes a page of Node's parent port; it needs no lock, for Node tells of a thread's end. */
function nodePage(port: ParentPort): Page {
  return {
    post(message, transfer) {
      port.postMessage(message, transfer);
    },
    listen(receive, unreadable) {
      port.on("message", receive);
      port.on("messageerror", unreadable);
    },
    holdLock(held) {
      held(undefined);
    },
  };
}

/** Returns the page; undefined outside a worker. */
export function findPage(): Page | undefined {
  const global: object = globalThis;
  if (isScope(global)) return webPage(global);
  const port = findThreads()?.parentPort ?? undefined;
  return port === undefined ? undefined : nodePage(port);
}
