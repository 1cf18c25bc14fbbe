/** What the worker keeps for the page, each by a number that the page calls it by. */

import { DisposedError } from "../errors.js";
import type { Network, Session } from "../network/types.js";
import type { Optimizer } from "../optimize/optimizer.js";
import type { NetworkFace, SessionFace } from "./messages.js";
import type { Workshop } from "./workshop.js";

export class Desk {
  readonly workshop: Workshop;
  private readonly networks = new Map<number, Network>();
  private readonly sessions = new Map<number, Session>();
  private readonly optimizers = new Map<number, Optimizer>();
  private handles = 0;

  constructor(workshop: Workshop) {
    this.workshop = workshop;
  }

  keepNetwork(network: Network): NetworkFace {
    const handle = ++this.handles;
    this.networks.set(handle, network);
    const { options, build } = network;
    const parameters = network.parameters.map(({ name, shape, trainable }) => ({ name, shape, trainable }));
    return { handle, options, build, parameters };
  }

  keepSession(session: Session): SessionFace {
    const handle = ++this.handles;
    this.sessions.set(handle, session);
    return { handle, batch: session.batch };
  }

  keepOptimizer(optimizer: Optimizer): number {
    const handle = ++this.handles;
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

  /** The page is done with it. */
  release(handle: number): void {
    this.networks.get(handle)?.dispose();
    this.sessions.get(handle)?.dispose();
    this.optimizers.get(handle)?.reset();
    for (const kept of [this.networks, this.sessions, this.optimizers]) kept.delete(handle);
  }
}

function found<Kept>(what: string, kept: Kept | undefined): Kept {
  if (kept === undefined) throw new DisposedError(`the ${what} was disposed of`);
  return kept;
}
