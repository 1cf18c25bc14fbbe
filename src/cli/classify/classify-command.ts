/** Runs `bptt classify`. */

import {
  createNetwork,
  OutOfMemoryError,
  type Network,
  type Progress,
  type SequenceCodec,
} from "../../index.js";
import { Failure } from "../failure.js";
import { duration, grouped } from "../format.js";
import { ownName, quoted } from "../invocation.js";
import { requireWritable, saveFile } from "../save-file.js";
import { Screen, type Output } from "../screen.js";
import { formOf, type Examples } from "../sequences/examples.js";
import { readExamples } from "../sequences/read-examples.js";
import { Stopping } from "../stopping.js";
import { STDIN } from "../table/read-input.js";
import { makeClassifierData, type ClassifierData } from "./classifier-data.js";
import { saveClassifier } from "./classifier-file.js";
import type { ClassifyPlan } from "./classify-options.js";
import { figureLines, measureClassifier } from "./measure-classifier.js";
import { fitClassifier, type Fitted, type FitWatch, type Look } from "./train-classifier.js";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where there is no bar: the least seconds between two lines. */
const LINE_SECONDS = 10;

const BAR_WIDTH = 20;

/** What goes to the output: words for people, or JSON lines. */
interface Telling {
  readonly screen: Screen;
  readonly event: (event: string, fields: object) => void;
}

async function createPlanned(plan: ClassifyPlan, codec: SequenceCodec): Promise<Network> {
  const { cell, layers, hidden, dropout, bidirectional, seed, build } = plan;
  if (build === "wide") await import("../../wide.js");
  try {
    return createNetwork(
      {
        cell,
        layers,
        dropout,
        bidirectional,
        seed,
        inputSize: codec.inputSize,
        hiddenSize: hidden,
        outputSize: codec.labels.length,
        embeddingSize: codec.kind === "values" ? 0 : plan.embedding,
        output: "sequence",
      },
      { build },
    );
  } catch (error) {
    if (error instanceof OutOfMemoryError) throw new Failure(error.message, 1);
    if (error instanceof RangeError) throw new Failure(error.message);
    throw error;
  }
}

function tellStart(
  { screen, event }: Telling,
  plan: ClassifyPlan,
  examples: Examples,
  data: ClassifierData,
  network: Network,
): void {
  const { name, sequences, fields } = examples;
  const { codec, rows } = data;
  const parameters = network.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const { cell, layers, hidden, bidirectional } = plan;
  event("start", {
    sequences: sequences.length,
    training: rows.training,
    heldOut: rows.heldOut,
    form: formOf(sequences[0]),
    ...fields,
    labels: codec.labels,
    cell,
    layers,
    hidden,
    bidirectional,
    parameters,
    build: network.build,
  });
  screen.print(
    screen.strong(
      `${name}: ${grouped(sequences.length)} sequences, ${formOf(sequences[0])}; ${grouped(codec.labels.length)} labels; ` +
        `${grouped(rows.heldOut)} held out`,
    ),
  );
  screen.print(
    `${cell}, ${layers === 1 ? "1 layer" : `${layers} layers`} of ${hidden} units${bidirectional ? " in each direction" : ""}, ` +
      `${grouped(parameters)} parameters, ${network.build} kernels`,
  );
}

/** Tells how it goes: a bar on a terminal, else a line now and then. */
function watchFit({ screen, event }: Telling, stopping: Stopping): FitWatch {
  let mean: number | undefined;
  let last: Look | undefined;
  let best: Look | undefined;
  let [shownAt, linedAt] = [0, performance.now()];
  const line = ({ step }: { step: number }): string =>
    [
      `step ${grouped(step)}`,
      ...(mean === undefined ? [] : [`loss ${mean.toFixed(3)} nats`]),
      ...(last === undefined ? [] : [`held out ${last.heldOut.toFixed(3)}`]),
      ...(best === undefined || best === last
        ? []
        : [`best ${best.heldOut.toFixed(3)} at step ${grouped(best.step)}`]),
    ].join(" · ");
  return {
    update: (progress: Progress, share: number) => {
      mean = mean === undefined ? progress.loss : mean + 0.05 * (progress.loss - mean);
      const now = performance.now();
      if (now - shownAt < 100) return;
      shownAt = now;
      const bar = "#".repeat(Math.floor(share * BAR_WIDTH)).padEnd(BAR_WIDTH);
      screen.show(`[${bar}] ${Math.floor(share * 100)} % ${line(progress)}`);
    },
    look: (look) => {
      last = look;
      if (look.best) best = look;
      event("look", look);
      if (screen.live || performance.now() - linedAt < 1000 * LINE_SECONDS) return;
      linedAt = performance.now();
      screen.print(line(look));
    },
    stopped: () => stopping.exitCode !== undefined,
  };
}

/** Says why training ended. */
function endingOf({ ending, looks, best, steps, seconds }: Fitted, patience: number): string {
  const why = {
    limit: "The limit was reached",
    patience: `${patience} looks brought nothing better`,
    signal: "Stopped",
    divergence: "Training diverged",
  }[ending];
  const kept =
    best === undefined
      ? ""
      : ` The best of ${grouped(looks)} looks is kept, that after ${grouped(best.step)}.`;
  return `${why} after ${grouped(steps)} updates, ${duration(seconds)}.${kept}`;
}

async function finish(
  { screen, event }: Telling,
  plan: ClassifyPlan,
  examples: Examples,
  data: ClassifierData,
  network: Network,
  fitted: Fitted,
): Promise<void> {
  const { codec, counts } = data;
  const { fields } = examples;
  screen.clear();
  await saveFile(plan.out, saveClassifier({ network, codec, fields, counts }));
  const figures = await measureClassifier(network, data.heldOut, { labels: codec.labels, counts });
  const { ending, steps, epochs, seconds, best } = fitted;
  event("end", { ending, step: steps, epoch: epochs, seconds, best, ...figures, out: plan.out });
  screen.print(endingOf(fitted, plan.patience));
  const [first, ...others] = figureLines(figures);
  screen.print(screen.strong(`Held out: ${first}`));
  others.forEach((line) => {
    screen.print(line);
  });
  screen.print(`Saved as ${plan.out}. To tell labels with it, and to measure it on other data:`);
  screen.print(`    ${ownName()} predict ${quoted(plan.out)} new-data.csv`);
  screen.print(`    ${ownName()} evaluate ${quoted(plan.out)} labelled-data.csv`);
}

/** Runs the command; returns the exit code. Throws a Failure. */
export async function runClassify(
  plan: ClassifyPlan,
  output: Output,
  environment: Environment,
): Promise<number> {
  const examples = await readExamples(plan.path, plan.reading, { labelled: true });
  const data = makeClassifierData(examples, plan);
  await requireWritable(plan.out, plan.path === STDIN ? undefined : plan.path);
  using network = await createPlanned(plan, data.codec);
  // With --json, nothing but JSON goes to the output.
  const screen = new Screen(plan.json ? { write: () => undefined } : output, environment);
  const event = (name: string, fields: object): void => {
    if (plan.json) output.write(`${JSON.stringify({ event: name, ...fields })}\n`);
  };
  const telling = { screen, event };
  const stopping = new Stopping(() => {
    screen.print(
      "Stopping: the best so far is saved after this update. Once more ends at once, without saving.",
    );
  });
  try {
    tellStart(telling, plan, examples, data, network);
    const fitted = await fitClassifier(network, data, plan, watchFit(telling, stopping));
    await finish(telling, plan, examples, data, network, fitted);
    if (fitted.error !== undefined) throw new Failure(fitted.error.message, 1);
    return stopping.exitCode ?? 0;
  } catch (error) {
    if (error instanceof OutOfMemoryError)
      throw new Failure(`${error.message}; choose a smaller --batch or --hidden`, 1);
    throw error;
  } finally {
    stopping.release();
  }
}
