/** Keeps networks, sessions and optimizers for the page, each under a handle: a number that the page calls it by. */

import { DisposedError } from "../errors.js";
import type { Network, Session } from "../network/types.js";
import type { Optimizer } from "../optimize/optimizer.js";
import type { NetworkInfo, SessionInfo } from "./messages.js";
import type { DescriptionFactory } from "./description-factory.js";

export class HandleTable {
  readonly factory: DescriptionFactory;
  private readonly networks = new Map<number, Network>();
  private readonly sessions = new Map<number, Session>();
  private readonly optimizers = new Map<number, Optimizer>();
  private lastHandle = 0;

  constructor(factory: DescriptionFactory) {
    this.factory = factory;
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
  }
}

function found<Thing>(what: string, thing: Thing | undefined): Thing {
  if (thing === undefined) throw new DisposedError(`the ${what} was disposed of`);
  return thing;
}
