/** Holds on the page the handle of something in the worker, which is released when it is disposed of here, or garbage. */

import { DisposedError } from "../errors.js";
import { makeDisposable } from "../memory/disposable.js";
import type { Connection } from "./connection.js";

const forgotten = new FinalizationRegistry<() => void>((release) => {
  release();
});

export class RemoteHandle {
  declare readonly [Symbol.dispose]: () => void;
  readonly connection: Connection;
  /** What it stands for, in messages. */
  readonly what: string;
  /** The worker's number for it. */
  private readonly handle: number;
  private readonly release: () => void;
  private disposed = false;

  static {
    makeDisposable(this.prototype);
  }

  constructor(connection: Connection, handle: number, what: string) {
    this.connection = connection;
    this.handle = handle;
    this.what = what;
    this.release = () => {
      connection.send({ kind: "release", handle });
    };
    forgotten.register(this, this.release, this);
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    forgotten.unregister(this);
    this.release();
  }

  /** Returns the worker's number for it. Throws a DisposedError once it was disposed of. */
  requireHandle(): number {
    if (this.disposed) throw new DisposedError(`the ${this.what} was disposed of`);
    return this.handle;
  }
}
