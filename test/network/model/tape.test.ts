import { describe, expect, it } from "vitest";
import { InvalidStateError } from "../../../src/errors.js";
import type { RecurrentNetwork } from "../../../src/network/network.js";
import { restoreParameters, snapshotParameters } from "../../../src/network/snapshot.js";
import type { Network, Sequence } from "../../../src/network/types.js";
import { adam } from "../../../src/optimize/adam.js";
import { clipGradientNorm } from "../../../src/optimize/clip.js";
import { sgd } from "../../../src/optimize/sgd.js";
import { Random } from "../../../src/random.js";
import { builds } from "../../builds.js";
import { bitsOf, gradientBits, parameterBits } from "../bits.js";
import { drawSequence, drawState, drawTarget } from "../drawn.js";
import { guardedNetwork, networkIn } from "../guarded.js";
import { accumulateGradient, score } from "../passes.js";

const sizes = { inputSize: 5, hiddenSize: 9, outputSize: 3 };
const options = { ...sizes, seed: 3 };
const random = new Random(1);
const drawn = { ...sizes, steps: 6, batch: 2 };
const tokens = drawSequence(random, "tokens", drawn);
const values = drawSequence(random, "values", drawn);
const classes = drawTarget(random, "classes", drawn);
const state = drawState(random, drawn);
const lengths = Int32Array.of(6, 2);

/** What backward gives, and the gradients. */
function bitsOfBackward(network: Network, inputs: Sequence): string {
  const inputGradient = inputs.values !== undefined;
  const back = network.backward(classes, { stateGradient: state, inputGradient });
  const arrays = [back.stateGradient.h, back.inputGradient ?? new Float32Array()];
  return `${bitsOf(...arrays)} ${gradientBits(network)} ${back.loss} over ${back.count}`;
}

/** Forward and backward; everything that comes out, and the gradients. */
function bitsOfStep(network: Network, sequence: Sequence): string[] {
  const forward = network.forward(sequence, { state });
  return [bitsOf(forward.outputs, forward.state.h), bitsOfBackward(network, sequence)];
}

const noForward: [what: string, prepare: (network: RecurrentNetwork) => void][] = [
  ["without a forward", () => undefined],
  ["a second time", (network) => bitsOfStep(network, tokens)],
  [
    "after parameters were written",
    (network) => {
      network.forward(tokens);
      network.parameter("head.bias").write([1, 2, 3]);
    },
  ],
  [
    "after the same parameters were written",
    (network) => {
      network.forward(tokens);
      network.parameter("head.bias").write(network.parameter("head.bias").read());
    },
  ],
  [
    "after an update",
    (network) => {
      network.forward(tokens);
      adam().step(network);
    },
  ],
  [
    "after an update at rate 0",
    (network) => {
      network.forward(tokens);
      sgd({ learningRate: 0 }).step(network);
    },
  ],
  [
    "after parameters were restored",
    (network) => {
      const snapshot = snapshotParameters(network);
      network.forward(tokens);
      restoreParameters(network, snapshot);
    },
  ],
  ["after a forward that kept no tape", (network) => network.forward(tokens, { keepTape: false })],
  [
    "after two forwards, of which the last kept no tape",
    (network) => {
      network.forward(tokens);
      network.forward(values, { keepTape: false });
    },
  ],
  ["after a training pass, which was all of it", (network) => accumulateGradient(network, tokens, classes)],
];

const bystanders: [what: string, act: (network: RecurrentNetwork) => void][] = [
  [
    "steps of sessions",
    (network) => {
      using session = network.session({ batch: 2, state });
      session.step(Uint8Array.of(1, 2));
      session.step(new Float32Array(10).fill(1));
      session.reset();
    },
  ],
  ["a score", (network) => score(network, values, classes, state)],
  [
    "a clone, trained",
    (network) => {
      using clone = network.clone();
      accumulateGradient(clone, values, classes);
      sgd({ learningRate: 1 }).step(clone);
    },
  ],
  [
    "another network that makes the memory grow",
    (network) => {
      const { engine } = network.model;
      const before = engine.arena.f32;
      using other = networkIn(engine, { inputSize: 700, hiddenSize: 300, outputSize: 9 });
      other.forward({ steps: 50, batch: 20, tokens: new Uint8Array(1000) });
      expect(before).toHaveLength(0);
    },
  ],
  [
    "reading",
    (network) => {
      snapshotParameters(network);
      for (const parameter of network.parameters) {
        parameter.read();
        parameter.readGradient();
      }
    },
  ],
  [
    "gradients that are written, clipped and zeroed",
    (network) => {
      network.parameter("head.bias").writeGradient([1, 2, 3]);
      clipGradientNorm(network, 1);
      network.zeroGradients();
    },
  ],
];

describe.each(builds)("the tape, %s build", (build) => {
  it.each(noForward)("refuses backward %s", (_, prepare) => {
    const network = guardedNetwork(options, build);
    prepare(network);
    const before = [parameterBits(network), gradientBits(network)];
    for (let times = 0; times < 2; times++) {
      expect(() => network.backward(classes)).toThrow(InvalidStateError);
      expect(() => network.backward({ classes: new Int32Array(0) })).toThrow(/^backward expected /);
    }
    expect([parameterBits(network), gradientBits(network)]).toEqual(before);
    // and the next forward can be gone back through, as in a network that has done nothing else
    const fresh = guardedNetwork(options, build);
    for (const { name } of fresh.parameters) fresh.parameter(name).write(network.parameter(name).read());
    network.zeroGradients();
    expect(bitsOfStep(network, values)).toEqual(bitsOfStep(fresh, values));
    expect(network.model.engine.arena.brokenGuards()).toEqual([]);
  });

  it.each(bystanders)("is not touched by %s", (_, act) => {
    for (const sequence of [tokens, values, { ...tokens, lengths }, { ...values, lengths }]) {
      using control = guardedNetwork(options, build);
      using network = guardedNetwork(options, build);
      const given = structuredClone({ sequence, state });
      const { outputs, state: final } = network.forward(given.sequence, { state: given.state });
      act(network);
      // What was handed in is the caller's again, who may send it away.
      const arrays = [given.sequence.tokens, given.sequence.values, given.sequence.lengths, given.state.h];
      structuredClone(given, { transfer: arrays.flatMap((array) => array?.buffer ?? []) });
      const actual = [bitsOf(outputs, final.h), bitsOfBackward(network, sequence)];
      expect(actual).toEqual(bitsOfStep(control, sequence));
    }
  });
});
