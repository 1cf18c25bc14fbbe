/** Listens to a worker: what it says, that it started, and that it ended. */

import { Connection } from "./connection.js";
import { ADVICE } from "./create-worker.js";
import type { WorkerLike } from "../threads/worker-like.js";
import { WorkerError } from "../threads/worker-error.js";

/** As much of a page's lock manager as is used here. */
interface Locks {
  request(name: string, granted: () => void): Promise<unknown>;
}

function findLocks(): Locks | undefined {
  const global: { readonly navigator?: { readonly locks?: Locks } } = globalThis;
  return global.navigator?.locks;
}

/** Returns what an `error` event, or Node's error, says. */
function causeOf(event: unknown): unknown {
  if (event instanceof Error || typeof event !== "object" || event === null) return event;
  const { error, message }: { error?: unknown; message?: unknown } = event;
  return error ?? message;
}

/** Subscribes to a web Worker's event, whose data is what came, or to Node's. */
function subscribe(worker: WorkerLike, type: string, listener: (value: unknown) => void): void {
  if (worker.on !== undefined) worker.on(type, listener);
  else
    worker.addEventListener?.(type, (event) => {
      const carries = type === "message" && typeof event === "object" && event !== null && "data" in event;
      listener(carries ? event.data : event);
    });
}

/** Resolves when the worker answers for the first time. Rejects with a WorkerError, the worker ended, when it does not. */
export function watchWorker(worker: WorkerLike, timeout: number): Promise<Connection> {
  return new Promise((resolve, reject) => {
    let started = false;
    let failure: unknown;
    const connection = new Connection(worker, {
      ready(lock) {
        if (started) return;
        started = true;
        clearTimeout(timer);
        worker.unref?.();
        if (lock !== undefined)
          findLocks()
            ?.request(lock, ended)
            .catch(() => undefined);
        resolve(connection);
      },
      died(error) {
        clearTimeout(timer);
        reject(error);
      },
    });
    const fail = (message: string): void => {
      void connection.die(new WorkerError(message, failure === undefined ? {} : { cause: failure }));
    };
    const ended = (): void => {
      fail(started ? "the worker ended" : "the worker ended before it answered");
    };
    const timer = setTimeout(() => {
      fail(
        `the worker did not answer within ${timeout} ms ("timeout"): its file has to call serveNetworks()`,
      );
    }, timeout);
    subscribe(worker, "message", (data) => {
      connection.receive(data);
    });
    subscribe(worker, "messageerror", () => {
      fail("a message of the worker's could not be read");
    });
    // Node's end follows. A web Worker that started goes on after an error in the caller's part of it.
    subscribe(worker, "error", (event) => {
      failure = causeOf(event);
      if (!started && worker.on === undefined)
        fail(`the worker's script could not be fetched or run: ${ADVICE}`);
    });
    subscribe(worker, "exit", ended);
    subscribe(worker, "close", ended);
    connection.send({ kind: "hello" });
  });
}
