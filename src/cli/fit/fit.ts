/** Trains to the end of a plan, whatever it is that learns: the one driver of all commands that train. */

import {
  adam,
  DivergenceError,
  evaluate,
  loadNetwork,
  resumeTraining,
  train,
  type Network,
  type Progress,
  type Training,
  type TrainOptions,
  WorkerError,
} from "../../index.js";
import { Failure } from "../failure.js";
import { ownName, quoted } from "../invocation.js";
import { freshState, type FitState } from "../run/fit-state.js";
import type { Checkpoint, RunFolder } from "../run/run-folder.js";
import { saveFile } from "../save-file.js";
import { Stopping } from "../stopping.js";
import { DIED } from "../threads.js";
import { endingLines, runLines } from "./closing.js";
import { HELD_OUT, isTold, type Ending, type StartEvent } from "./events.js";
import type { FitJob, FitPlan } from "./job.js";
import { Clock } from "./limit.js";
import { lookShares } from "./looks.js";
import { isFirst, SharedClock, sharedCheckpoint } from "./ranks.js";
import { rateAt } from "./rates.js";
import { Teller, type Voice } from "./teller.js";

/** Returns the number of a network's parameters. */
export function countParameters(network: Network): number {
  const sizes = network.parameters.map(({ shape }) => shape.reduce((product, size) => product * size, 1));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Looks at what is held out, besides the early ones and the last. */
const LOOKS = 24;

/** Where time is the limit: how many times as long as a look the training in between is, at least. */
const LOOK_DISTANCE = 15;

/** A training under way. */
class Fitting {
  readonly teller: Teller;
  readonly state: FitState;
  private readonly job: FitJob;
  private readonly plan: FitPlan;
  private readonly run: RunFolder | undefined;
  private readonly clock: Clock;
  private readonly shared: SharedClock;
  /** Whether this process writes. */
  private readonly first: boolean;
  private readonly training: Training;
  private readonly shares = lookShares(LOOKS);
  /** The best model's file, where there is no folder that has it. */
  private bestFile: Uint8Array | undefined;
  /** Seconds of training before which there is no other look. */
  private nextLook = 0;
  /** Seconds of training at the last checkpoint of a run of several processes. */
  private keptAt = 0;

  constructor(
    job: FitJob,
    plan: FitPlan,
    voice: Voice,
    run: RunFolder | undefined,
    checkpoint: Checkpoint | undefined,
  ) {
    this.job = job;
    this.plan = plan;
    this.run = run;
    this.first = isFirst(plan);
    this.state = { ...(checkpoint?.state ?? freshState()) };
    this.shared = new SharedClock(plan.cluster);
    this.clock = new Clock(plan.limit, job.epochUpdates, this.state.seconds, this.shared.now);
    this.keptAt = this.clock.seconds;
    this.teller = new Teller(voice, this.clock, job.units, run?.log);
    this.training = this.begin(checkpoint?.training);
  }

  /** The exit code of the signal that ended training. */
  get exitCode(): number | undefined {
    return this.shared.exitCode;
  }

  /** Trains until there is nothing more to do, and returns why. Throws a DivergenceError. */
  async learn(stopping: Stopping): Promise<Ending> {
    const { clock, plan, shared, state, training } = this;
    for (;;) {
      await shared.agree(stopping.exitCode);
      if (shared.exitCode !== undefined) return "signal";
      if (state.misses >= plan.patience) return "patience";
      if (clock.timed && clock.share(state.step) >= 1) break;
      const { value, done } = await training.next();
      if (done === true) break;
      if (value.epochEnd) continue;
      this.take(value);
      if (this.isLookDue()) await this.look();
      await this.keep();
    }
    if (state.lookedAt < state.step) await this.look();
    return "limit";
  }

  /** Ends the training; keeps all that a run would go on with, unless an error was its end. */
  async end(ending: Ending): Promise<void> {
    await this.training.return();
    this.state.seconds = this.clock.seconds;
    if (ending !== "divergence") await this.keep(true);
    // Of a run that will go on, such a look would not be one of the whole training's.
    if (ending === "signal" && this.run === undefined && this.state.lookedAt < this.state.step)
      await this.look();
  }

  /** Saves and measures the model, where this process writes. */
  async conclude(ending: Ending): Promise<void> {
    if (!this.first) return;
    const { job, plan, run, state, clock } = this;
    const { step, best } = state;
    const present = (): Uint8Array => job.save(job.network, { steps: step });
    const file = best === undefined ? present() : (this.bestFile ?? (await run?.best()) ?? present());
    if (best === undefined) await run?.write("best", file);
    const model = plan.out ?? run?.path("best") ?? "";
    if (plan.out !== undefined) await saveFile(plan.out, file);
    using network = loadNetwork(file, {
      build: job.network.build,
      ...(plan.pool && { threads: plan.pool }),
    });
    const { lines, heldOut, ...outcome } = await job.measure(network);
    this.teller.end(
      {
        event: "end",
        step,
        seconds: clock.seconds,
        ending,
        modelStep: best?.step ?? step,
        // JSON has no NaN.
        ...(Number.isFinite(heldOut) && { heldOut }),
        ...outcome,
        model,
      },
      [...endingLines(ending, state, job, plan), ...lines],
      [...(job.next?.(model) ?? [`Saved as ${model}.`]), ...runLines(ending, run)],
    );
    await run?.writeReport();
  }

  /** Saves what can be saved after a thread has died in the midst of an update, and returns what to say of it. */
  async lostThread(): Promise<Failure> {
    const { bestFile, first, job, plan, run, state } = this;
    // What the rule and the data remember is in part of that update: the training goes on from before it, or not at all.
    if (plan.run !== undefined) {
      const folder = quoted(run?.folder ?? plan.run);
      return new Failure(`${DIED}: ${ownName()} resume ${folder} goes on from the last checkpoint`, 1);
    }
    if (!first || plan.out === undefined) return new Failure(`${DIED}: try again, or with fewer threads`, 1);
    await saveFile(plan.out, bestFile ?? job.save(job.network, { steps: state.step }));
    return new Failure(
      `${DIED}: the best model till then, of step ${state.best?.step ?? state.step}, is saved as ${plan.out}; with --run a ` +
        `training can go on after it`,
      1,
    );
  }

  private begin(saved: Uint8Array | undefined): Training {
    const { job, plan } = this;
    const { network, data } = job;
    const { steps = Number.MAX_SAFE_INTEGER, epochs } = plan.limit;
    const options: TrainOptions = {
      ...job.train,
      optimizer: job.createOptimizer?.(plan.rates.rate) ?? adam({ learningRate: plan.rates.rate }),
      clipNorm: plan.clip,
      schedule: rateAt(plan.rates, this.clock),
      ...(epochs !== undefined && { epochs }),
      maxSteps: steps,
      ...(plan.cluster && { cluster: plan.cluster }),
    };
    return saved === undefined
      ? train(network, data, options)
      : resumeTraining(saved, data, { ...options, network });
  }

  private take({ epochEnd: _, validationLoss: __, ...progress }: Progress): void {
    const { state, clock } = this;
    [state.step, state.epoch, state.seconds] = [progress.step, progress.epoch, clock.seconds];
    this.teller.update({ event: "update", ...progress, seconds: state.seconds }, isTold(progress.step));
  }

  /** Returns whether it is time for a look: of the time that is used, or of the updates, so that these looks are always the same. */
  private isLookDue(): boolean {
    const { clock, job, shares, state } = this;
    if (job.lookEvery !== undefined) return state.step % job.lookEvery === 0;
    if (clock.timed && clock.seconds < this.nextLook) return false;
    const share = clock.share(state.step);
    const before = state.looks;
    while (state.looks < shares.length && shares[state.looks] <= share) state.looks++;
    return state.looks > before;
  }

  private async look(): Promise<void> {
    const { job, state, clock } = this;
    const { network, heldOut } = job;
    const start = clock.seconds;
    const loss = heldOut && (await evaluate(network, heldOut, lossOf(job))).loss;
    // Where it is no number, the next update says so, and there is nothing to show.
    const diverged = loss !== undefined && !Number.isFinite(loss);
    const shown = diverged || !this.first ? {} : ((await job.show?.(network)) ?? {});
    await this.shared.agree(this.exitCode);
    const best = loss !== undefined && loss < (state.best?.loss ?? Infinity);
    state.lookedAt = state.step;
    if (best) await this.keepBest(network, loss);
    else if (loss !== undefined) state.misses++;
    state.seconds = clock.seconds;
    this.nextLook = state.seconds + LOOK_DISTANCE * (state.seconds - start);
    const { step, epoch, seconds } = state;
    this.teller.look({
      event: "look",
      step,
      epoch,
      ...(loss !== undefined && !diverged && { heldOut: loss }),
      best,
      seconds,
      ...shown,
    });
  }

  private async keepBest(network: Network, loss: number): Promise<void> {
    const { state, run, job } = this;
    const { step } = state;
    state.best = { step, loss };
    state.misses = 0;
    if (!this.first) return;
    const file = job.save(network, { steps: step, heldOut: loss });
    if (run === undefined) this.bestFile = file;
    else await run.write("best", file);
  }

  private async keep(now = false): Promise<void> {
    const { clock, job, run, plan, state, training } = this;
    const last = (): Uint8Array => job.save(job.network, { steps: state.step });
    if (plan.cluster === undefined) {
      await run?.keep(training, state, last, now);
      return;
    }
    // What the others remember is in the checkpoint: all save at the same time.
    if (plan.run === undefined || !(now || clock.seconds - this.keptAt >= plan.checkpointSeconds)) return;
    this.keptAt = clock.seconds;
    if (run === undefined) training.save();
    else await run.keep(training, state, last, true);
  }
}

function startOf({ network, units, details }: FitJob, { command, settings }: FitPlan): StartEvent {
  return {
    event: "start",
    step: 0,
    command,
    settings,
    parameters: countParameters(network),
    build: network.build,
    units: { loss: units.lossName, steps: units.steps, looks: units.looks ?? HELD_OUT },
    ...(details !== undefined && { details }),
  };
}

function lossOf({ train: given }: FitJob): { loss?: NonNullable<TrainOptions["loss"]> } {
  return given?.loss === undefined ? {} : { loss: given.loss };
}

/**
 * Trains, looks at what is held out now and then, and saves the model that was best there: to `plan.out`, or the run's folder.
 * Returns the exit code: 0, or a signal's. Throws a Failure of exit code 1 where the loss became no number, once the model is saved,
 * and what `train` throws of a wrong option.
 */
export async function fit(job: FitJob, plan: FitPlan, voice: Voice, run?: RunFolder): Promise<number> {
  const checkpoint = await sharedCheckpoint(plan.cluster, run?.checkpoint);
  const fitting = new Fitting(job, plan, voice, run, checkpoint);
  const { teller, state } = fitting;
  const stopping = new Stopping(() => {
    teller.note("Stopping: the model is saved after this update. Once more ends at once, without saving.");
  });
  try {
    // Not before signals are heeded: from here on one saves what is learned.
    teller.head(job.head);
    if (checkpoint === undefined) teller.begin(startOf(job, plan));
    else teller.resume({ event: "resume", step: state.step, seconds: state.seconds });
    let ending: Ending;
    let diverged: DivergenceError | undefined;
    try {
      ending = await fitting.learn(stopping);
    } catch (error) {
      if (error instanceof WorkerError && state.step > 0) throw await fitting.lostThread();
      if (!(error instanceof DivergenceError)) {
        // Where the rule is refused there is nothing that a run could go on with.
        if (state.step === 0) await run?.discard();
        throw error;
      }
      [ending, diverged] = ["divergence", error];
    }
    await fitting.end(ending);
    await fitting.conclude(ending);
    if (diverged !== undefined && isFirst(plan)) throw new Failure(diverged.message, 1);
    if (diverged !== undefined) return 1;
    return ending === "signal" ? (fitting.exitCode ?? 0) : 0;
  } finally {
    stopping.release();
    await run?.close();
  }
}
