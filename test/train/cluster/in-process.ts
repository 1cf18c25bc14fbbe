/** A cluster whose ranks are trainings of one process, which take turns and wait for each other. */

import { createCluster } from "../../../src/train/cluster/create-cluster.js";
import type { Cluster } from "../../../src/train/cluster/cluster.js";
import type { Transport } from "../../../src/train/cluster/exchange.js";
import type { Training } from "../../../src/train/training.js";

/** Ends a first call of `save`, which is there to learn what a rank has to tell. */
class Recorded extends Error {}

type Values = Float32Array | Float64Array;

/** One round: each rank brings something and gets what all brought. */
class Meeting<Brought> {
  private waiting: { rank: number; brought: Brought; resolve: (all: Brought[]) => void }[] = [];
  private readonly size: number;

  constructor(size: number) {
    this.size = size;
  }

  bring(rank: number, brought: Brought): Promise<Brought[]> {
    return new Promise((resolve) => {
      this.waiting.push({ rank, brought, resolve });
      if (this.waiting.length < this.size) return;
      const all = this.waiting.sort((a, b) => a.rank - b.rank);
      this.waiting = [];
      for (const { resolve: answer } of all) answer(all.map((one) => one.brought));
    });
  }
}

export class TestCluster {
  readonly clusters: readonly Cluster[];
  /** How often ranks added up gradients. */
  sums = 0;
  /** While ranks save: what each would tell the others. */
  private saving: Map<number, Uint8Array> | undefined;

  constructor(size: number) {
    const sums = new Meeting<Values>(size);
    const gathers = new Meeting<Uint8Array>(size);
    this.clusters = Array.from({ length: size }, (_, rank) => {
      const transport: Transport = {
        rank,
        size,
        sum: (values) => {
          if (this.saving !== undefined) return this.allAlike(values, rank, size);
          return sums.bring(rank, values.slice() as Values).then((all) => {
            if (values instanceof Float32Array) this.sums++;
            const total = values.slice();
            for (let i = 0; i < total.length; i++) total[i] = all.reduce((sum, own) => sum + own[i], 0);
            return total as typeof values;
          });
        },
        gather: (bytes) => {
          const { saving } = this;
          if (saving === undefined) return gathers.bring(rank, bytes);
          saving.set(rank, bytes);
          if (saving.size < size) throw new Recorded();
          return Array.from({ length: size }, (_, other) => saving.get(other) ?? bytes);
        },
      };
      return createCluster(transport);
    });
  }

  /** Lets all ranks save, which they do at once: the first calls only show what each has to tell. */
  save(trainings: readonly Training[]): Uint8Array[] {
    this.saving = new Map();
    try {
      for (const training of trainings.slice(0, -1)) {
        try {
          training.save();
        } catch (error) {
          if (!(error instanceof Recorded)) throw error;
        }
      }
      // The last one has all that is needed; then each of the others has.
      return [...trainings]
        .reverse()
        .map((training) => training.save())
        .reverse();
    } finally {
      this.saving = undefined;
    }
  }

  /** Returns a message in which every rank says what this one does. */
  private allAlike<Message extends Values>(message: Message, rank: number, size: number): Message {
    const width = message.length / size;
    const own = message.slice(rank * width, (rank + 1) * width);
    const all = message.slice() as Message;
    for (let other = 0; other < size; other++) all.set(own, other * width);
    return all;
  }
}
