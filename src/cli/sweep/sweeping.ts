/** A sweep under way: trials side by side, each in a process of its own. */

import { resolve } from "node:path";
import type { Build } from "../../index.js";
import type { Voice } from "../fit/teller.js";
import { duration } from "../format.js";
import { Board, trialInWords } from "./board.js";
import { isOver, metricOf, readTrial, type TrialRecord } from "./results.js";
import { hasRun, writeResults } from "./sweep-folder.js";
import type { SweepPlan } from "./sweep-options.js";
import type { ReportHead } from "./sweep-report.js";
import { startTrial, type TrialProcess } from "./trial-process.js";
import { runName, trialWords } from "./trial-words.js";
import type { Trial } from "./trials.js";

/** Milliseconds from one writing of the results to the next, at least: they have all trials in them. */
const EVERY = 2000;

/** Says what a trial came to, in a line. */
function resultLine(trial: Trial, record: TrialRecord): string {
  const { ending, heldOut, seconds, reason } = record.result;
  return [
    trialInWords(trial),
    ...(heldOut === undefined ? [] : [`${metricOf([record]).name} ${heldOut.toPrecision(4)}`]),
    ...(seconds === undefined ? [] : [duration(seconds)]),
    ...(reason === undefined ? [] : [reason]),
    ...(ending === "signal" ? ["stopped"] : []),
  ].join(" · ");
}

export class Sweeping {
  private readonly plan: SweepPlan;
  private readonly folder: string;
  private readonly build: Build | undefined;
  private readonly head: ReportHead;
  private readonly voice: Voice;
  private readonly found: Map<Trial, TrialRecord>;
  private readonly left: Trial[];
  private readonly board: Board;
  private readonly processes = new Set<TrialProcess>();
  private stopped = false;
  private wroteAt = -Infinity;
  private writing = false;

  /** `build`: the kernels that all trials take; undefined: what their options say. Trials that have ended are not trained again. */
  constructor(plan: SweepPlan, folder: string, build: Build | undefined, head: ReportHead, voice: Voice) {
    this.plan = plan;
    this.folder = folder;
    this.build = build;
    this.head = head;
    this.voice = voice;
    const { trials, refused } = plan;
    this.found = new Map(
      trials.map((trial) => [trial, readTrial(folder, runName(trial), trial, refused.get(trial.number))]),
    );
    this.left = trials.filter((trial) => !refused.has(trial.number) && !this.isOver(trial));
    this.board = new Board(voice.screen, trials.length, trials.length - this.left.length);
    this.board.recall(this.records.map(({ result }) => result));
  }

  /** In the order of the trials. */
  get records(): readonly TrialRecord[] {
    return [...this.found.values()];
  }

  /** Trains all that are left, and returns when they have ended. */
  async run(): Promise<void> {
    const before = this.plan.trials.length - this.left.length - this.plan.refused.size;
    if (before > 0)
      this.voice.screen.print(`${before} of them ${before === 1 ? "was" : "were"} over before.`);
    for (const [trial, record] of this.found) if (!this.left.includes(trial)) this.tell(record);
    const queue = this.left.values();
    const work = async (): Promise<void> => {
      // All take from the same queue.
      for (const trial of queue) {
        if (this.stopped) return;
        await this.train(trial);
      }
    };
    const works = Array.from({ length: Math.min(this.plan.jobs, this.left.length) }, work);
    try {
      await Promise.all(works);
    } catch (error) {
      // The results cannot be written: the others are not left alone.
      this.stop();
      await Promise.allSettled(works);
      throw error;
    } finally {
      this.board.clear();
    }
    if (this.plan.run !== undefined) await writeResults(this.folder, this.head, this.records);
  }

  /** Lets all trainings save what they have learned and end; no other begins. */
  stop(): void {
    this.stopped = true;
    for (const process of this.processes) process.stop();
  }

  private isOver(trial: Trial): boolean {
    const record = this.found.get(trial);
    return record !== undefined && isOver(record.result);
  }

  private wordsOf(trial: Trial): string[] {
    const run = resolve(this.folder, runName(trial));
    const { threads = "1" } = this.plan.fixed;
    if (hasRun(run)) return ["resume", run, "--threads", threads, "--json"];
    const build = this.build === undefined ? [] : ["--build", this.build];
    return [...trialWords(this.plan, trial), ...build, "--json", "--run", run];
  }

  private async train(trial: Trial): Promise<void> {
    const { board, folder, plan } = this;
    const given = { ...plan.fixed, ...trial.options };
    board.begin(trial, plan.trainer.read({ operands: [plan.path], given }).fit.limit);
    const process = startTrial(this.wordsOf(trial), (event) => {
      board.heard(trial, event);
    });
    this.processes.add(process);
    const reason = await process.ended;
    this.processes.delete(process);
    const record = readTrial(folder, runName(trial), trial, reason);
    this.found.set(trial, record);
    board.end(trial, record.result, resultLine(trial, record));
    this.tell(record);
    await this.writeNow();
  }

  private tell({ result }: TrialRecord): void {
    this.voice.machine?.write(`${JSON.stringify({ event: "trial", ...result })}\n`);
  }

  private async writeNow(): Promise<void> {
    const now = performance.now();
    if (this.plan.run === undefined || this.writing || now - this.wroteAt < EVERY) return;
    this.writing = true;
    this.wroteAt = now;
    try {
      await writeResults(this.folder, this.head, this.records);
    } finally {
      this.writing = false;
    }
  }
}
