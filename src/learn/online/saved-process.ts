/** Turns what an online rule remembers, and the gradient under way, into plain data, for a checkpoint, and back. */

import { requireNetwork } from "../../network/network.js";
import { targetKindNames } from "../../network/model/targets.js";
import type { PlainData, PlainReader } from "../../plain-data.js";
import type { LearnerContext } from "../learner.js";
import { readState, requireFitting, saveState } from "../windows/saved-stretch.js";
import type { OnlineProcess, PendingGradient } from "./online-process.js";

/** The most sequences, or steps of a block, that a file may say. */
const MOST = 0x7fff_ffff;

export function saveProcess(process: OnlineProcess, { network }: LearnerContext): PlainData {
  const { pending, running } = process;
  return {
    random: process.words.length > 0 ? Uint32Array.from(process.words) : undefined,
    pending: { ...pending },
    gradients:
      pending.steps > 0
        ? (process.keptGradients ?? requireNetwork(network).model.parameters.readGradients())
        : undefined,
    running: running && {
      batch: running.dynamics.batch,
      steps: running.dynamics.steps,
      resets: running.dynamics.resets,
      inputs: running.inputs,
      state: saveState(running.dynamics.state),
      memory: Object.fromEntries(
        Object.entries(running.rule.memory).map(([name, rows]) => [name, rows.read()]),
      ),
    },
  };
}

function readPending(saved: PlainReader, every: number): PendingGradient {
  const kind = saved.field("kind");
  const pending = {
    steps: saved.field("steps").integer(),
    count: saved.field("count").integer(),
    weight: saved.field("weight").number(),
    positions: saved.field("positions").integer(),
    loss: saved.field("loss").number(),
    kind: kind.given
      ? (targetKindNames.find((name) => name === kind.value) ?? kind.fail("a kind of targets"))
      : undefined,
  };
  if (pending.steps >= every) saved.field("steps").fail(`fewer steps than "updateEvery", ${every}`);
  return pending;
}

/** Lets a new process go on where one was saved. Throws a FormatError or an OutOfMemoryError. */
export function restoreProcess(
  saved: PlainReader,
  process: OnlineProcess,
  { network }: LearnerContext,
  every: number,
): void {
  const pending = readPending(saved.field("pending"), every);
  const gradients = saved.field("gradients");
  const { count } = requireNetwork(network).model.parameters;
  const kept = pending.steps > 0 ? gradients.floats(count) : undefined;
  const random = saved.field("random");
  if (random.given) process.words = random.words();
  const running = saved.field("running");
  if (running.given) restoreRunning(running, process, network);
  process.pending = pending;
  process.keptGradients = kept;
}

function restoreRunning(
  saved: PlainReader,
  process: OnlineProcess,
  network: LearnerContext["network"],
): void {
  const batch = saved.field("batch").integer(1, MOST);
  const kind = saved.field("inputs");
  const inputs =
    kind.value === "tokens" || kind.value === "values" ? kind.value : kind.fail(`"tokens" or "values"`);
  const state = readState(saved.field("state"), network);
  requireFitting(state, batch, network);
  const steps = saved.field("steps").integer(1, MOST);
  const { rule } = process.prepare(batch, inputs, steps, saved.field("resets").boolean());
  const memory = saved.field("memory");
  const kept = Object.entries(rule.memory).map(
    ([name, rows]) => [rows, memory.field(name).floats(rows.count * rows.size)] as const,
  );
  process.begin(state);
  for (const [rows, values] of kept) rows.write(values);
}
