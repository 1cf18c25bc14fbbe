import { describe, expect, it } from "vitest";
import type { RecurrentNetwork } from "../../src/network/network.js";
import type { Sequence, State } from "../../src/network/types.js";
import { adam } from "../../src/optimize/adam.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { bitsOf, gradientBits } from "./bits.js";
import { drawSequence, drawState, drawTarget } from "./drawn.js";
import { guardedNetwork } from "./guarded.js";
import { kinds, type Kind } from "./kinds.js";

const size = { steps: 4, batch: 3 };

function drawn({ options }: Kind, inputs: "tokens" | "values") {
  const random = new Random(1);
  const sizes = { ...options, ...size };
  return {
    sequence: drawSequence(random, inputs, sizes),
    state: drawState(random, sizes),
    target: drawTarget(random, "values", sizes),
    stateGradient: drawState(random, sizes),
  };
}

/** All numbers of a forward and a backward, and of a forward without a tape. */
function bitsOfStep(network: RecurrentNetwork, given: ReturnType<typeof drawn>): string {
  const inferred = network.forward(given.sequence, { state: given.state, keepTape: false });
  const { outputs, state } = network.forward(given.sequence, { state: given.state });
  const { loss, stateGradient } = network.backward(given.target, { stateGradient: given.stateGradient });
  const states = [state.h, state.c ?? [], stateGradient.h, stateGradient.c ?? []];
  return (
    bitsOf(inferred.outputs, outputs, ...states.map((array) => Float32Array.from(array))) +
    String(loss) +
    gradientBits(network)
  );
}

function filled(state: State, value: number): State {
  return { h: state.h.map(() => value), ...(state.c && { c: state.c.map(() => value) }) };
}

function filledGradient(state: State, value: number): State {
  return filled(state, enormous(value));
}

/** What is refused where it comes in becomes so large that a product of it is no longer finite. */
function enormous(value: number): number {
  return Number.isFinite(value) ? value : 3e38;
}

function poisonedInputs(sequence: Sequence, value: number): Sequence {
  return { ...sequence, ...(sequence.values && { values: sequence.values.map(() => enormous(value)) }) };
}

/** Every way in for a number that is not finite, in the memory that the next pass uses again. */
function poison(network: RecurrentNetwork, given: ReturnType<typeof drawn>, value: number): void {
  const { sequence, state, stateGradient } = given;
  const gradient = network.forward(sequence).outputs.map(() => enormous(value));
  network.backward({ gradient }, { stateGradient: filledGradient(stateGradient, value) });
  network.forward(poisonedInputs(sequence, value), { state: filled(state, value) });
  network.backward(given.target);
  network.forward(poisonedInputs(sequence, value), { state: filled(state, value), keepTape: false });
  network.forward({ ...poisonedInputs(sequence, value), lengths: Int32Array.of(1, 4, 2) });
  network.backward(given.target, { stateGradient: filledGradient(stateGradient, value) });
}

describe.each(builds)("after numbers that were not finite, %s build", (build) => {
  for (const kind of kinds) {
    it.each(kind.inputs)(`a network, ${kind.name}, forgets them; %s`, (inputs) => {
      const given = drawn(kind, inputs);
      const expected = bitsOfStep(guardedNetwork(kind.options, build), given);
      for (const value of [NaN, Infinity, -3e38]) {
        using network = guardedNetwork(kind.options, build);
        poison(network, given, value);
        network.zeroGradients();
        expect(bitsOfStep(network, given), String(value)).toBe(expected);
      }
    });

    it.each(kind.inputs)(
      `so does one, ${kind.name}, whose parameters are written anew and its optimizer reset; %s`,
      (inputs) => {
        const given = drawn(kind, inputs);
        using fresh = guardedNetwork(kind.options, build);
        const start = fresh.parameters.map((one) => one.read());
        const fromFresh = adam();
        const expected = [bitsOfStep(fresh, given)];
        fromFresh.step(fresh);
        expected.push(bitsOfStep(fresh, given));

        using network = guardedNetwork(kind.options, build);
        const optimizer = adam();
        poison(network, given, NaN);
        for (const one of network.parameters) one.writeGradient(one.readGradient().fill(NaN));
        optimizer.step(network);
        bitsOfStep(network, given);
        network.parameters.forEach((one, i) => {
          expect(one.read().every(Number.isNaN)).toBe(true);
          one.write(start[i]);
        });
        network.zeroGradients();
        optimizer.reset();
        const actual = [bitsOfStep(network, given)];
        optimizer.step(network);
        actual.push(bitsOfStep(network, given));
        expect(actual).toEqual(expected);
        expect(network.model.engine.arena.brokenGuards()).toEqual([]);
      },
    );
  }
});
