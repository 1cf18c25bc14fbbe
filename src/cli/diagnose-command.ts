/** Runs `bptt diagnose`. */

import { gradientFlow, OutOfMemoryError, type Network } from "../index.js";
import { compareRules, printComparison } from "./comparison.js";
import type { DiagnosePlan } from "./diagnose-options.js";
import { takeExcerpts, type Excerpts } from "./excerpts.js";
import { Failure } from "./failure.js";
import { printFlow } from "./flow-report.js";
import { nats } from "./format.js";
import { loadModel } from "./load-model.js";
import { showsUnicode } from "./plot.js";
import { readBytes, readText } from "./read-file.js";
import { Screen, type Output } from "./screen.js";
import { tokenKind, type TokenKind } from "./text-vocabulary.js";

/** The widest plot, in characters: more is no easier to read. */
const WIDEST = 100;

type Environment = Readonly<Record<string, string | undefined>>;

/** Prints how the errors of a saved network travel back through a text. Throws a Failure. */
export async function runDiagnose(
  plan: DiagnosePlan,
  output: Output,
  environment: Environment,
): Promise<void> {
  if (plan.build === "wide") await import("../wide.js");
  const { network, vocabulary } = loadModel(plan.model, await readBytes(plan.model), { build: plan.build });
  try {
    const excerpts = takeExcerpts(plan.text, await readText(plan.text), vocabulary, plan);
    // With --json, nothing but JSON goes to the output.
    const screen = new Screen(plan.json ? { write: () => undefined } : output, environment);
    diagnose(plan, network, excerpts, tokenKind(vocabulary), screen, output, environment);
  } catch (error) {
    if (error instanceof OutOfMemoryError)
      throw new Failure(`${error.message}; choose a smaller --batch or --window`, 1);
    throw error;
  } finally {
    network.dispose();
  }
}

function diagnose(
  plan: DiagnosePlan,
  network: Network,
  excerpts: Excerpts,
  tokens: TokenKind,
  screen: Screen,
  output: Output,
  environment: Environment,
): void {
  const { sequence, target, unknown, note } = excerpts;
  const { one, many } = tokens;
  const { tolerance, losses, seed, draws } = plan;
  screen.show(`following errors back over ${sequence.batch} × ${sequence.steps} ${many} …`);
  const flow = gradientFlow(network, sequence, target, { tolerance, losses, seed });
  const comparison =
    draws === undefined
      ? undefined
      : compareRules(screen, network, excerpts, flow.recommended, { draws, seed });
  if (plan.json) {
    const { model, text } = plan;
    const { steps: window, batch } = sequence;
    const figures = {
      model,
      text,
      window,
      batch,
      unknown,
      build: network.build,
      tolerance,
      flow,
      comparison,
    };
    output.write(`${JSON.stringify(figures, plain, 2)}\n`);
    return;
  }
  const { cell, layers, hiddenSize } = network.options;
  screen.print(
    screen.strong(
      `${plan.model}: ${cell}, ${layers === 1 ? "1 layer" : `${layers} layers`} of ${hiddenSize} units`,
    ),
  );
  screen.print(
    `${sequence.batch} excerpts of ${sequence.steps} ${many} of ${plan.text}, ${flow.followed.length} errors ` +
      `followed in each, ${network.build} kernels`,
  );
  screen.print(`Loss: ${nats(flow.loss)} a ${one}, each excerpt read from its own start`);
  if (note !== undefined) screen.print(note);
  const ascii = plan.ascii || !showsUnicode(environment, process.platform);
  const width = Math.min(WIDEST, (output.columns ?? 80) - 1);
  printFlow(screen, network, flow, { width, ascii, tolerance, text: plan.text, tokens });
  if (comparison !== undefined) printComparison(screen, comparison);
}

/** Replaces arrays and maps by what JSON has for them. */
function plain(_: string, value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Float64Array || value instanceof Int32Array) return Array.from(value);
  return value;
}
