/** Answers the page's calls. */

import { describe } from "../errors.js";
import { provideModule } from "../wasm/load.js";
import { calls, jobs } from "./calls.js";
import type { OwnFunctions } from "./descriptions.js";
import { HandleTable } from "./handle-table.js";
import { Job } from "./job.js";
import { envelope, openFromPage, type ToPage, type ToWorker } from "./messages.js";
import { ThrownOnPage } from "./thrown-on-page.js";
import type { Page } from "./page.js";
import { buffersOf } from "./portable-arrays.js";
import { packError } from "./portable-errors.js";
import { DescriptionFactory } from "./description-factory.js";

/** Calls a function of a table by a name that came in a message, with what came with it. */
function invoke(table: object, name: string, args: readonly unknown[]): unknown {
  const found: unknown = Object.hasOwn(table, name) ? Reflect.get(table, name) : undefined;
  if (typeof found !== "function") throw new TypeError(`"name" expected a call, got ${describe(name)}`);
  return Reflect.apply(found, undefined, args);
}

class Server {
  private readonly page: Page;
  private readonly handles: HandleTable;
  private readonly running = new Map<number, Job>();
  /** The answer to "hello", once the lock is held, or known not to be. */
  private ready: ToPage | undefined;

  constructor(page: Page, own: OwnFunctions) {
    this.page = page;
    this.handles = new HandleTable(new DescriptionFactory(own));
  }

  post(message: ToPage, transfer: ArrayBuffer[] = []): void {
    this.page.post(envelope(message), transfer);
  }

  /** Answers the page that asked already, and the one that will. */
  begin(lock: string | undefined): void {
    this.ready = { kind: "ready", lock };
    this.post(this.ready);
  }

  receive(message: ToWorker): void {
    switch (message.kind) {
      case "hello":
        if (this.ready !== undefined) this.post(this.ready);
        return;
      case "module":
        provideModule(message.build, message.module, message.shared);
        return;
      case "call":
        void this.answer(message.id, message.name, message.args);
        return;
      case "release":
        this.handles.release(message.handle);
        return;
      case "taken":
        this.running.get(message.job)?.taken(message.count);
        return;
      case "stop":
        this.running.get(message.job)?.stop(message.by);
        return;
      case "windows":
        this.running.get(message.job)?.arrive(message.iteration, message.windows, message.end);
    }
  }

  /** Answers a call as soon as it can be; a job takes turns with what else comes. */
  private async answer(id: number, name: string, args: readonly unknown[]): Promise<void> {
    try {
      const value = Object.hasOwn(jobs, name)
        ? await this.runJob(id, name, args)
        : await invoke(calls, name, [this.handles, ...args]);
      this.post({ kind: "reply", id, value }, buffersOf(value));
    } catch (error) {
      const where = error instanceof ThrownOnPage && error.where !== "break" ? error.where : packError(error);
      this.post({ kind: "failure", id, error: where });
    }
  }

  private async runJob(id: number, name: string, args: readonly unknown[]): Promise<unknown> {
    const job = new Job(id, (message) => {
      this.post(message);
    });
    this.running.set(id, job);
    try {
      return await invoke(jobs, name, [this.handles, job, ...args]);
    } finally {
      this.running.delete(id);
    }
  }
}

/** Answers the page from now on. */
export function serve(page: Page, own: OwnFunctions): void {
  const server = new Server(page, own);
  page.listen(
    (data) => {
      const message = openFromPage(data);
      if (message !== undefined && message !== "foreign") server.receive(message);
    },
    () => {
      server.post({ kind: "unreadable" });
    },
  );
  page.holdLock((lock) => {
    server.begin(lock);
  });
}
