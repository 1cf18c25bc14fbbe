/** One rank's part in a training: what `train` asks of its cluster. */

import type { GradientEvent } from "../../learn/learner.js";
import type { CheckedWindow } from "../../learn/windows/checked-window.js";
import { elementAt } from "../../memory/regions.js";
import { requireNetwork, type RecurrentNetwork } from "../../network/network.js";
import { PlainReader, type PlainData } from "../../plain-data.js";
import type { Sums } from "../measure.js";
import type { StopSignal } from "../stop-signal.js";
import { describeTraining, disagreement } from "./agreement.js";
import { shareOf, windowPart, type Share } from "./batch-part.js";
import type { ClusterPlan, ClusterRun } from "./cluster.js";
import { ClusterError, nameRanks } from "./cluster-error.js";
import type { Exchange, Told } from "./exchange.js";
import { joinMemory, OwnMemory, requireKnownRule, type Remembered } from "./joined-memory.js";
import { hashWindow } from "./window-hash.js";

type Columns = Awaited<ReturnType<Exchange["tell"]>>;

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export class RankRun implements ClusterRun {
  stopped = false;
  private readonly exchange: Exchange;
  private readonly plan: ClusterPlan;
  private readonly network: RecurrentNetwork;
  private readonly signal: StopSignal | undefined;
  /** The ranks whose signals want to end training. */
  private stoppers: readonly number[] = [];
  /** A hash of all windows so far. */
  private data = 0;
  /** This rank's part of the last window. */
  private share: Share | undefined;

  constructor(exchange: Exchange, plan: ClusterPlan, signal: StopSignal | undefined) {
    this.exchange = exchange;
    this.plan = plan;
    this.network = requireNetwork(plan.network);
    this.signal = signal;
  }

  async begin(): Promise<void> {
    this.exchange.closed = false;
    const all = await this.exchange.tell("begin", this.now());
    const differ = disagreement(await this.exchange.gather(describeTraining(this.plan)));
    if (differ !== undefined) this.refuse(differ.message, differ.ranks);
    this.requireAlike(all);
    this.heed(all.stop);
    this.throwIfStopped();
  }

  part(window: CheckedWindow): CheckedWindow {
    const { batch } = window.inputs;
    this.share = this.shareOf(window);
    this.network.model.part = { ...this.share, batch };
    return windowPart(window, this.share);
  }

  measured(window: CheckedWindow): CheckedWindow | undefined {
    const share = this.shareOf(window);
    return share.borrowed ? undefined : windowPart(window, share);
  }

  async combine({ loss, count, weight = count, steps }: GradientEvent): Promise<GradientEvent> {
    const { parameters } = this.network.model;
    const known = loss === undefined ? 0 : 1;
    const own = { known, loss: loss ?? 0, weight, count, steps: this.share?.borrowed === true ? 0 : steps };
    const all = await this.exchange.tell("update", { ...this.now(), ...own });
    this.requireAlike(all);
    this.heed(all.stop);
    const total = sum(all.weight);
    if (known === 1) {
      if (weight === 0) parameters.zeroGradients();
      else if (weight !== total) parameters.scaleGradients(weight / total);
    }
    await this.sumGradients();
    const event = { count: sum(all.count), weight: total, steps: sum(all.steps) };
    return { ...event, loss: known === 1 ? meanOf(all, total) : undefined };
  }

  async total(sums: Sums): Promise<Sums> {
    const all = await this.exchange.tell("validate", { ...this.now(), ...sums });
    this.requireAlike(all);
    this.heed(all.stop);
    return { loss: sum(all.loss), count: sum(all.count), weight: sum(all.weight) };
  }

  throwIfStopped(): void {
    if (this.stoppers.length === 0) return;
    this.stopped = this.exchange.closed = true;
    this.signal?.throwIfAborted();
    throw Object.assign(new Error(`training was ended by the signal of ${nameRanks(this.stoppers)}`), {
      name: "AbortError",
    });
  }

  async end(how: "ended" | "left"): Promise<void> {
    this.network.model.part = undefined;
    if (!this.exchange.closed) await this.exchange.tell(how);
  }

  async fail(error: unknown): Promise<void> {
    if (this.exchange.closed) return;
    try {
      await this.exchange.fail(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    } catch {
      // The error itself says more than that the others could not be told.
    }
  }

  joined(memory: PlainData): PlainData {
    const { exchange, plan, share } = this;
    const { size } = exchange.transport;
    if (size === 1) return memory;
    requireKnownRule(plan.learner.name);
    exchange.tellNow("save");
    const count = share === undefined || share.borrowed ? 0 : share.count;
    const all = exchange.gatherNow({ count, memory }).map((one): Remembered => {
      const saved = new PlainReader("memory", one);
      return { count: saved.field("count").integer(), memory: saved.field("memory") };
    });
    const having = all.filter((one) => one.count > 0);
    return joinMemory(having.length > 0 ? having : all.slice(0, 1), plan);
  }

  own(memory: PlainData): PlainData {
    const { plan, exchange, network } = this;
    const { rank, size } = exchange.transport;
    if (size === 1) return memory;
    requireKnownRule(plan.learner.name);
    const part = new OwnMemory(rank, size, plan);
    const own = part.of(memory);
    const { batch } = part;
    if (batch !== undefined) {
      this.share = shareOf(batch, rank, size);
      network.model.part = { ...this.share, batch };
    }
    return own;
  }

  /** Notes the window, and returns this rank's part of it. */
  private shareOf(window: CheckedWindow): Share {
    this.data = hashWindow(this.data, window);
    const { rank, size } = this.exchange.transport;
    return shareOf(window.inputs.batch, rank, size);
  }

  /** What must be the same on all ranks, and whether this rank's signal wants to end training. */
  private now(): Told {
    const { engine, parameters } = this.network.model;
    return {
      stop: this.signal?.aborted === true ? 1 : 0,
      data: this.data,
      rate: this.plan.optimizer.learningRate,
      parameters: engine.kernels.sumOfSquares(parameters.values, parameters.count),
    };
  }

  private requireAlike(all: Columns): void {
    const differ = (column: readonly number[]): number[] =>
      column.flatMap((value, rank) => (Object.is(value, column[0]) ? [] : [rank]));
    const things = [
      ["data", `"data" expected the same windows on all ranks, of which each takes its part of the batch`],
      ["known", `"targets" expected the same kind on all ranks`],
      ["rate", `"optimizer.learningRate" expected the same on all ranks, whatever sets it`],
      [
        "parameters",
        `"network" expected the same parameters on all ranks: they begin with the same, and must run on processors and engines ` +
          `that round alike`,
      ],
    ] as const;
    for (const [field, message] of things) {
      const ranks = differ(all[field]);
      if (ranks.length > 0) this.refuse(`${message}, got others on ${nameRanks(ranks)}`, ranks);
    }
  }

  /** Ends training on all ranks, which found the same. */
  private refuse(message: string, ranks: readonly number[]): never {
    this.exchange.closed = true;
    throw new ClusterError(message, ranks);
  }

  private heed(stop: readonly number[]): void {
    const stoppers = stop.flatMap((one, rank) => (one === 0 ? [] : [rank]));
    if (stoppers.length > 0) this.stoppers = stoppers;
  }

  private async sumGradients(): Promise<void> {
    const { engine, parameters } = this.network.model;
    const start = elementAt(parameters.gradients);
    const own = engine.arena.f32.subarray(start, start + parameters.count);
    const all = await this.exchange.transport.sum(own);
    if (all !== own) parameters.writeGradients(all);
  }
}

/** Returns the mean over all ranks' targets; a rank without any has no say. */
function meanOf({ loss, weight }: Columns, total: number): number {
  if (total === 0) return sum(loss);
  return sum(loss.map((own, rank) => (weight[rank] === 0 ? 0 : own * weight[rank]))) / total;
}
