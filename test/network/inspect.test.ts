import { describe, expect, it, vi } from "vitest";
import { DisposedError, InvalidStateError, OutOfMemoryError } from "../../src/errors.js";
import { cellNames } from "../../src/network/cells/by-name.js";
import { inspect } from "../../src/network/inspect.js";
import type { RecurrentNetwork } from "../../src/network/network.js";
import { accumulateGradient } from "./passes.js";
import type { Network, NetworkOptions } from "../../src/network/types.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { cells } from "../oracle/cells/by-name.js";
import type { OracleCell } from "../oracle/cells/cell.js";
import { relativeError } from "../oracle/compare.js";
import type { LayerGradients, LayerTape } from "../oracle/layer.js";
import { modelOf } from "../oracle/model.js";
import { oracleBackward, oracleForward } from "../oracle/network.js";
import { drawSequence, drawState, drawTarget } from "./drawn.js";
import { guardedNetwork } from "./guarded.js";
import { drawGains, normalizableCells } from "./kinds.js";
import { dropoutMasks } from "./stacked-cases.js";

const [T, B, H] = [6, 3, 5];
// What the project promises of tensors.
const tolerance = 5e-5;

/** Joins what was taken into [T, B, H], 0 elsewhere. */
function join<Taken>(
  tape: readonly (Taken | undefined)[],
  of: (taken: Taken) => ArrayLike<number>,
): number[] {
  return tape.flatMap((taken) =>
    taken === undefined ? new Array<number>(H).fill(0) : Array.from(of(taken)),
  );
}

/** Says what states one layer and direction should have, by name. */
function expectedStates(cell: OracleCell, tape: LayerTape): Map<string, number[]> {
  const of = (part: "h" | "c"): number[] => join(tape, ({ state }) => state[part]);
  return new Map([["h", of("h")], ...(cell.keepsC ? [["c", of("c")] as const] : [])]);
}

function lettersOf(cell: OracleCell, tape: LayerTape): string[] {
  const taken = tape.find((step) => step !== undefined);
  return taken === undefined ? [] : Object.keys(cell.activations(taken.step));
}

function expectedGates(cell: OracleCell, tape: LayerTape): Map<string, number[]> {
  const expected = expectedStates(cell, tape);
  for (const letter of lettersOf(cell, tape)) {
    expected.set(
      letter,
      join(tape, ({ step }) => cell.activations(step)[letter].values),
    );
  }
  return expected;
}

function expectedGradients(
  cell: OracleCell,
  tape: LayerTape,
  gradients: LayerGradients,
): Map<string, number[]> {
  const expected = expectedStates(cell, tape);
  const letters = lettersOf(cell, tape);
  // An Elman layer's gate is its state; what stands before tanh is z there.
  const isState = letters[0] === "h";
  if (!isState)
    expected.set(
      "dh",
      join(gradients, ({ dh }) => dh),
    );
  letters.forEach((letter, k) => {
    expected.set(
      isState ? "dz" : `d${letter}`,
      join(gradients, ({ read }) => read.input.subarray(k * H, (k + 1) * H)),
    );
  });
  return expected;
}

/** Compares all that an inspection names with all that it should. */
function expectSame(
  network: Network,
  expected: readonly (readonly ReadonlyMap<string, readonly number[]>[])[],
): void {
  const inspection = inspect(network);
  const named = expected.flatMap((directions, l) =>
    directions.flatMap((values, d) =>
      [...values].map(([name, numbers]) => [`${name}_l${l}${d === 1 ? "_reverse" : ""}`, numbers] as const),
    ),
  );
  expect(inspection.names).toEqual(named.map(([name]) => name));
  for (const [name, numbers] of named) {
    expect(inspection.shape(name), name).toEqual([T, B, H]);
    expect(relativeError(inspection.read(name), numbers), name).toBeLessThan(tolerance);
    expect(Math.max(...numbers.map(Math.abs)), name).toBeGreaterThan(0);
  }
}

const networks = [
  ...cellNames.map((cell) => ({ cell, layerNorm: false })),
  ...normalizableCells.map((cell) => ({ cell, layerNorm: true })),
];

const kinds = networks.flatMap(({ cell, layerNorm }) =>
  [false, true].flatMap((bidirectional) =>
    [undefined, Int32Array.of(4, 6, 1)].flatMap((lengths) =>
      [0, 0.3].map((dropout) => ({ cell, layerNorm, bidirectional, lengths, dropout })),
    ),
  ),
);

function check(network: RecurrentNetwork, lengths: Int32Array | undefined): void {
  const sizes = { ...network.options, steps: T, batch: B };
  const random = new Random(2);
  drawGains(network, random);
  const sequence = { ...drawSequence(random, "values", sizes), ...(lengths && { lengths }) };
  const target = drawTarget(random, "values", sizes);
  const [state, stateGradient] = [drawState(random, sizes), drawState(random, sizes)];
  const masks = dropoutMasks(network, T, B, 0);
  const model = modelOf(network);
  const { tape } = oracleForward(model, sequence, { state, dropoutMasks: masks });
  const oracle = cells[sizes.cell];

  network.forward(sequence, { state, training: true });
  expectSame(
    network,
    tape.layers.map((directions) => directions.map((one) => expectedGates(oracle, one))),
  );

  network.backward(target, { stateGradient });
  const { layers } = oracleBackward(model, tape, target, { stateGradient });
  expectSame(
    network,
    tape.layers.map((directions, l) =>
      directions.map((one, d) => expectedGradients(oracle, one, layers[l][d])),
    ),
  );
}

describe.each(builds)("what is inspected, %s build", (build) => {
  it.each(kinds)(
    "is the float64 oracle's: $cell of 2 layers, bidirectional $bidirectional, lengths $lengths, dropout $dropout",
    ({ lengths, ...kind }) => {
      const sizes = { inputSize: 4, hiddenSize: H, outputSize: 3, layers: 2, seed: 3 };
      using network = guardedNetwork({ ...sizes, ...kind }, build);
      check(network, lengths);
      expect(network.model.engine.arena.brokenGuards()).toEqual([]);
    },
  );
});

const small: NetworkOptions = { cell: "lstm", inputSize: 4, hiddenSize: 2, outputSize: 3 };
const sequence = { steps: 3, batch: 1, tokens: Uint8Array.of(0, 3, 1) };
const targets = { classes: Int32Array.of(0, 1, 2) };

describe("inspect", () => {
  it("hands out copies, by PyTorch's names", () => {
    using network = guardedNetwork(small, builds[0]);
    const { hidden = [] } = network.forward(sequence, { hidden: true });
    const inspection = inspect(network);
    expect(inspection.names).toEqual(["h_l0", "c_l0", "i_l0", "f_l0", "g_l0", "o_l0"]);
    const read = inspection.read("h_l0");
    expect(read).toEqual(hidden);
    read.fill(7);
    expect(inspection.read("h_l0")).toEqual(hidden);
  });

  it("sees a training window too", () => {
    using network = guardedNetwork(small, builds[0]);
    accumulateGradient(network, sequence, targets);
    expect(inspect(network).names).toEqual(["h_l0", "c_l0", "dh_l0", "di_l0", "df_l0", "dg_l0", "do_l0"]);
  });

  it("names what there is when asked for something else", () => {
    using network = guardedNetwork(small, builds[0]);
    network.forward(sequence);
    const inspection = inspect(network);
    for (const name of ["di_l0", "h_l1", "h", "toString"]) {
      for (const ask of [() => inspection.read(name), () => inspection.shape(name)]) {
        expect(ask).toThrow(RangeError);
        expect(ask).toThrow(
          `"name" expected one of h_l0, c_l0, i_l0, f_l0, g_l0, o_l0, got ${JSON.stringify(name)}`,
        );
      }
    }
  });

  it("refuses where nothing was kept", () => {
    using network = guardedNetwork(small, builds[0]);
    const ask = (): unknown => inspect(network);
    expect(ask).toThrow(InvalidStateError);
    expect(ask).toThrow("inspect expected a forward with its tape kept before it, got none");
    network.forward(sequence, { keepTape: false });
    expect(ask).toThrow(InvalidStateError);
    network.forward(sequence);
    expect(ask).not.toThrow();
    network.forward(sequence, { keepTape: false });
    expect(ask).toThrow(InvalidStateError);
  });

  it("refuses where the memory is gone", () => {
    using network = guardedNetwork(small, builds[0]);
    network.forward(sequence);
    network.backward(targets);
    const inspection = inspect(network);
    vi.spyOn(network.model, "createWindow").mockImplementation(() => {
      throw new OutOfMemoryError("no more");
    });
    expect(() => network.forward({ ...sequence, batch: 3, steps: 1 })).toThrow(OutOfMemoryError);
    expect(() => inspect(network)).toThrow(InvalidStateError);
    expect(() => inspection.read("h_l0")).toThrow(InvalidStateError);
  });

  it("ends with another pass, with backward, and with the network", () => {
    using network = guardedNetwork(small, builds[0]);
    network.forward(sequence);
    const first = inspect(network);
    network.forward(sequence);
    const second = inspect(network);
    expect(() => first.read("h_l0")).toThrow(InvalidStateError);
    expect(() => first.read("h_l0")).toThrow("inspect it anew");
    network.backward(targets);
    expect(() => second.read("i_l0")).toThrow(InvalidStateError);
    const third = inspect(network);
    network.session().step(1);
    expect(third.read("di_l0")).toHaveLength(6);
    network.dispose();
    expect(() => third.read("di_l0")).toThrow(DisposedError);
    expect(() => inspect(network)).toThrow(DisposedError);
  });

  it("is for networks", () => {
    const other = {} as Network;
    expect(() => inspect(other)).toThrow(`"network" expected a network made by createNetwork, got an object`);
  });
});
