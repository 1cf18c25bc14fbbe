/** A pool whose other threads belong to the thread that started this one, which can end them while this one computes. */

import type { MessagePort } from "node:worker_threads";
import type { ThreadPool } from "../../src/network/types.js";
import { startPool } from "../../src/threads/thread-pool.js";
import type { WorkerLike } from "../../src/threads/worker-like.js";
import type { FromTrainer, ToTrainer } from "./kill-messages.js";

export async function startFarPool(port: MessagePort, size: number): Promise<ThreadPool> {
  const tell = (message: FromTrainer): void => {
    port.postMessage(message);
  };
  let made = 0;
  const farWorker = (): WorkerLike => {
    const id = made++;
    return {
      postMessage(start) {
        tell({ make: id, start });
      },
      terminate() {
        tell({ end: id });
      },
      on(type, listener) {
        port.on("message", (message: ToTrainer) => {
          if (type === "message" && "ready" in message && message.ready === id) listener("ready");
          if (type === "exit" && "ended" in message && message.ended === id) listener(1);
        });
      },
    };
  };
  // Of 1: threads share the smallest work.
  return startPool(size, 1, () => ({ worker: farWorker(), forget: () => undefined }));
}
