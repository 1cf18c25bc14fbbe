/** The run that this browser keeps from visit to visit, in IndexedDB. */

import type { Settings } from "./settings.js";

export interface KeptRun {
  /** What a training's `save()` gave. */
  readonly checkpoint: Uint8Array;
  /** The vocabulary's. */
  readonly characters: string;
  readonly settings: Settings;
  readonly text: string;
  /** Updates of earlier runs of the same network, and with those of this one. */
  readonly stepsBefore: number;
  readonly steps: number;
}

const STORE = "runs";
const KEY = "last";

function settled<Value>(request: IDBRequest<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(request.error ?? new Error("the browser keeps nothing"));
    };
  });
}

/** Does something with the store; what it writes is there when the promise resolves. */
async function withStore<Value>(
  mode: IDBTransactionMode,
  ask: (store: IDBObjectStore) => IDBRequest<Value>,
): Promise<Value> {
  const opening = indexedDB.open("bptt-playground", 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore(STORE);
  };
  const database = await settled(opening);
  try {
    const transaction = database.transaction(STORE, mode);
    const done = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => {
        resolve();
      };
      transaction.onabort = () => {
        reject(transaction.error ?? new Error("the browser kept nothing"));
      };
    });
    const [value] = await Promise.all([settled(ask(transaction.objectStore(STORE))), done]);
    return value;
  } finally {
    database.close();
  }
}

export async function readRun(): Promise<KeptRun | undefined> {
  return (await withStore("readonly", (store) => store.get(KEY))) as KeptRun | undefined;
}

export async function keepRun(run: KeptRun): Promise<void> {
  await withStore("readwrite", (store) => store.put(run, KEY));
}

export async function forgetRun(): Promise<void> {
  await withStore("readwrite", (store) => store.delete(KEY));
}
