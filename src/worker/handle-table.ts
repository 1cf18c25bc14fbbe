/**
 * Keeps networks, sessions and optimizers for the page, each under a handle: a number that the page calls it by; and trainings,
 * each under its job's number.
 */

import { DisposedError, InvalidStateError } from "../errors.js";
import type { Network, RuntimeOptions, Session, ThreadPool } from "../network/types.js";
import { createThreadPool } from "../threads/thread-pool.js";
import type { Optimizer } from "../optimize/optimizer.js";
import type { NetworkInfo, SessionInfo } from "./messages.js";
import type { DescriptionFactory } from "./description-factory.js";
import type { SavableTraining } from "./savable-training.js";

export class HandleTable {
  readonly factory: DescriptionFactory;
  private readonly networks = new Map<number, Network>();
  private readonly sessions = new Map<number, Session>();
  private readonly optimizers = new Map<number, Optimizer>();
  private readonly trainings = new Map<number, SavableTraining>();
  /** The job of each network's last training that ended: it is kept, to be saved. */
  private readonly ended = new Map<number, number>();
  private lastHandle = 0;
  private threads: ThreadPool | undefined;

  constructor(factory: DescriptionFactory) {
    this.factory = factory;
  }

  /** Makes the pool that all networks from now on run on. */
  async startThreads(size: number): Promise<void> {
    this.threads = await createThreadPool({ size });
  }

  /** Returns a network's options at run time, with the pool unless the page says otherwise. */
  runtime(given: RuntimeOptions | undefined): RuntimeOptions | undefined {
    const { threads } = this;
    const wish: unknown = given === undefined ? {} : given;
    // What is no object createNetwork refuses.
    if (threads === undefined || typeof wish !== "object" || wish === null) return given;
    return { threads, ...wish };
  }

  keepNetwork(network: Network): NetworkInfo {
    const handle = ++this.lastHandle;
    this.networks.set(handle, network);
    const { options, build } = network;
    const parameters = network.parameters.map(({ name, shape, trainable }) => ({ name, shape, trainable }));
    return { handle, options, build, parameters };
  }

  keepSession(session: Session): SessionInfo {
    const handle = ++this.lastHandle;
    this.sessions.set(handle, session);
    return { handle, batch: session.batch };
  }

  keepOptimizer(optimizer: Optimizer): number {
    const handle = ++this.lastHandle;
    this.optimizers.set(handle, optimizer);
    return handle;
  }

  /** Keeps a training while it runs, and from its end until another of its network begins, or ends. */
  async keepTraining(
    network: number,
    job: number,
    training: SavableTraining,
    end: Promise<void>,
  ): Promise<void> {
    this.forgetEnded(network);
    this.trainings.set(job, training);
    try {
      await end;
    } finally {
      this.forgetEnded(network);
      if (this.networks.has(network)) this.ended.set(network, job);
      else this.trainings.delete(job);
    }
  }

  /** Returns a job's training. */
  training(job: number): SavableTraining {
    const training = this.trainings.get(job);
    if (training !== undefined) return training;
    throw new InvalidStateError(
      `save() expected a training that is under way, or that ended, with none of its network having begun since`,
    );
  }

  network(handle: number): Network {
    return found("network", this.networks.get(handle));
  }

  session(handle: number): Session {
    return found("session", this.sessions.get(handle));
  }

  optimizer(handle: number): Optimizer {
    return found("optimizer", this.optimizers.get(handle));
  }

  /** Forgets what the page is done with, and gives its memory back. */
  release(handle: number): void {
    this.networks.get(handle)?.dispose();
    this.sessions.get(handle)?.dispose();
    this.optimizers.get(handle)?.reset();
    for (const kept of [this.networks, this.sessions, this.optimizers]) kept.delete(handle);
    this.forgetEnded(handle);
  }

  private forgetEnded(network: number): void {
    const job = this.ended.get(network);
    if (job !== undefined) this.trainings.delete(job);
    this.ended.delete(network);
  }
}

function found<Thing>(what: string, thing: Thing | undefined): Thing {
  if (thing === undefined) throw new DisposedError(`the ${what} was disposed of`);
  return thing;
}
