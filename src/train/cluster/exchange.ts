/**
 * The one message that ranks exchange before anything else, each at the same place of its course. Every rank sees what every other
 * one is about to do, so that where they differ all end with an error, and none waits for a message that never comes.
 */

import { readPlainFile, writePlainFile, type PlainFormat } from "../../formats/plain-file.js";
import type { PlainData } from "../../plain-data.js";
import { ClusterError, nameRanks } from "./cluster-error.js";

/** How ranks reach each other. What it does, every rank asks for at the same time, with arrays of the same length. */
export interface Transport {
  /** Which of the ranks this one is, from 0. */
  readonly rank: number;
  /** The number of ranks. */
  readonly size: number;
  /**
   * Adds up each element over all ranks, with the same bits on every one. Returns `values`, with the sums in it, or another
   * array; where it answers later, it reads `values` before it returns, and leaves them alone after.
   */
  sum<Values extends Float32Array | Float64Array>(values: Values): Values | Promise<Values>;
  /** Returns the bytes of all ranks, by rank. They may differ in length. */
  gather(bytes: Uint8Array): readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
}

/** What a rank is about to do, in words for messages. */
export const deeds = {
  begin: "began training",
  update: "had the gradient of an update",
  validate: "validated",
  save: "called save()",
  gather: "called gather()",
  ended: "ended training",
  left: "left training",
  failed: "failed",
  exit: "ended its process",
} as const;

export type Deed = keyof typeof deeds;

const DEEDS = Object.keys(deeds) as Deed[];

/** Numbers that each rank tells besides; those that it does not give are 0. */
const FIELDS = ["stop", "data", "rate", "parameters", "known", "loss", "weight", "count", "steps"] as const;

type Field = (typeof FIELDS)[number];

export type Told = Partial<Record<Field, number>>;

const FORMAT: PlainFormat = {
  key: "bptt.cluster",
  version: "1",
  data: "bptt.rank",
  what: "a rank's message",
};

export class Exchange {
  readonly transport: Transport;
  /** Whether this rank's part is over, so that nothing is exchanged any more. */
  closed = true;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  /**
   * Tells all ranks what this one does, and returns what each one told, by field and rank. Throws a ClusterError unless all do the same,
   * or all end.
   */
  async tell(deed: Deed, told: Told = {}): Promise<Readonly<Record<Field, readonly number[]>>> {
    const { done, columns } = read(await this.transport.sum(this.message(deed, told)), this.transport.size);
    await this.requireSame(deed, done);
    return columns;
  }

  /** As `tell`, at once. Throws a TypeError where the transport answers later. */
  tellNow(deed: Deed): void {
    const { done } = read(atOnce(this.transport.sum(this.message(deed, {}))), this.transport.size);
    if (done.includes("failed")) {
      this.closed = true;
      throw failure(done, this.textsOf(atOnce(this.transport.gather(pack("")))));
    }
    this.requireUnanimous(deed, done);
  }

  /** Tells the others that this rank failed, and why; where they do not answer, nothing can be done. */
  async fail(why: string): Promise<void> {
    this.closed = true;
    await this.transport.sum(this.message("failed", {}));
    await this.transport.gather(pack(why));
  }

  /** Returns the data of all ranks, by rank. */
  async gather(data: PlainData): Promise<readonly unknown[]> {
    return (await this.transport.gather(pack(data))).map(unpack);
  }

  /** As `gather`, at once. */
  gatherNow(data: PlainData): readonly unknown[] {
    return atOnce(this.transport.gather(pack(data))).map(unpack);
  }

  private message(deed: Deed, told: Told): Float64Array {
    const { rank, size } = this.transport;
    const width = FIELDS.length + 1;
    const message = new Float64Array(size * width);
    message.set([DEEDS.indexOf(deed), ...FIELDS.map((field) => told[field] ?? 0)], rank * width);
    return message;
  }

  private async requireSame(deed: Deed, done: readonly Deed[]): Promise<void> {
    if (done.includes("failed")) {
      this.closed = true;
      throw failure(done, this.textsOf(await this.transport.gather(pack(""))));
    }
    this.requireUnanimous(deed, done);
  }

  private textsOf(messages: readonly Uint8Array[]): string[] {
    return messages.map((bytes) => String(unpack(bytes)));
  }

  private requireUnanimous(deed: Deed, done: readonly Deed[]): void {
    const over = (one: Deed): boolean => one === "ended" || one === "left";
    if (over(deed) || deed === "exit") this.closed = true;
    if (done.every((other) => other === deed || (over(other) && over(deed)))) return;
    this.closed = true;
    const others = done.flatMap((other, rank) => (other === done[0] ? [] : [rank]));
    const words = others.map((rank) => `rank ${rank} ${deeds[done[rank]]}`);
    throw new ClusterError(
      `ranks expected to take the same course, but rank 0 ${deeds[done[0]]} where ${words.slice(0, 3).join(", ")}: give all the ` +
        `same data and options, and end or save on all of them at the same event`,
      others,
    );
  }
}

/** Tells the other ranks that this process ends. Throws a ClusterError where they do something else. */
export function partWays(transport: Transport): void {
  new Exchange(transport).tellNow("exit");
}

function failure(done: readonly Deed[], texts: readonly string[]): ClusterError {
  const failed = done.flatMap((deed, rank) => (deed === "failed" ? [rank] : []));
  return new ClusterError(`${nameRanks(failed)} failed: ${texts[failed[0]]}`, failed);
}

function read(
  message: Float64Array,
  size: number,
): { done: Deed[]; columns: Record<Field, readonly number[]> } {
  const width = FIELDS.length + 1;
  const column = (at: number): number[] =>
    Array.from({ length: size }, (_, rank) => message[rank * width + at]);
  const columns = Object.fromEntries(FIELDS.map((field, i) => [field, column(i + 1)]));
  return { done: column(0).map((index) => DEEDS[index]), columns: columns as Record<Field, number[]> };
}

function pack(data: PlainData): Uint8Array {
  return writePlainFile(FORMAT, "message", { data });
}

function unpack(bytes: Uint8Array): unknown {
  return Reflect.get(Object(readPlainFile(FORMAT, bytes)) as object, "data");
}

function atOnce<Answer>(answer: Answer | Promise<Answer>): Answer {
  if (!(answer instanceof Promise)) return answer;
  // Nobody will look at it.
  answer.catch(() => undefined);
  throw new TypeError(`save() expected a cluster whose transport answers at once, got a promise`);
}
