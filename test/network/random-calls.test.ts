import { describe, expect, it } from "vitest";
import { DisposedError, InvalidStateError, OutOfMemoryError } from "../../src/errors.js";
import * as library from "../../src/index.js";
import type { RecurrentNetwork } from "../../src/network/network.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { guardedEngine, networkIn } from "./guarded.js";
import { kinds } from "./kinds.js";
import { RandomArguments } from "./random-arguments.js";
import { invoke } from "./untyped.js";

const CALLS = Number(process.env["BPTT_CALLS"] ?? 20_000);

/** A network with what belongs to it, called at random. */
class Player {
  readonly engine;
  network: RecurrentNetwork;
  private session: object;
  private optimizer: object = library.adam();
  private readonly given: RandomArguments;

  constructor(
    build: library.Build,
    private readonly random: Random,
  ) {
    this.engine = guardedEngine(build);
    this.given = new RandomArguments(random);
    this.network = networkIn(this.engine, kinds[0].options);
    this.session = this.network.session();
  }

  /** One call; each method with the others' leavings. */
  call(): unknown {
    const { network, given } = this;
    const { options } = network;
    const parameter = network.parameters[this.random.integer(network.parameters.length)];
    const calls: (() => unknown)[] = [
      ...twice(() => invoke(network, "forward", ...given.forward(options))),
      ...twice(() => invoke(network, "backward", ...given.backward(options))),
      () => invoke(parameter, "write", given.numbers(parameter.shape)),
      () => invoke(parameter, "writeGradient", given.numbers(parameter.shape)),
      () => Reflect.set(parameter, "trainable", given.maybe(this.random.uniform() < 0.8)),
      () => invoke(network, "parameter", given.anything()),
      () => invoke(network, "zeroGradients", given.anything()),
      () => invoke(network.clone(), "dispose"),
      () => (this.session = objectOf(invoke(network, "session", given.session(options)))),
      ...twice(() => invoke(this.session, "step", ...given.step(options))),
      () => Reflect.set(this.session, "state", given.state(options)),
      (): unknown => Reflect.get(this.session, "state"),
      () => invoke(this.session, this.random.uniform() < 0.8 ? "reset" : "dispose"),
      () => invoke(this.optimizer, "step", given.maybe(network)),
      () => invoke(this.optimizer, "reset"),
      () => Reflect.set(this.optimizer, "learningRate", given.maybe(0.01)),
      () => (this.optimizer = objectOf(invoke(library, ...given.optimizer()))),
      () => invoke(library, "clipGradientNorm", given.maybe(network), given.maybe(1)),
      () => invoke(library, "clipGradientValue", given.maybe(network), given.maybe(1)),
      () => invoke(library, "softmax", ...given.softmax()),
      () => invoke(objectOf(invoke(library, "createNetwork", ...given.create())), "dispose"),
    ];
    return calls[this.random.integer(calls.length)]();
  }

  /** Another network in the same memory, of any kind; what belonged to the one before stays in use. */
  renew(): void {
    this.network.dispose();
    this.network = networkIn(this.engine, kinds[this.random.integer(kinds.length)].options);
  }
}

function twice<Item>(item: Item): Item[] {
  return [item, item];
}

function objectOf(value: unknown): object {
  if (typeof value !== "object" || value === null) throw new Error("an object was expected");
  return value;
}

/** The library's own errors, and those that name an argument. */
function expectTyped(error: unknown): string {
  if (error instanceof InvalidStateError || error instanceof OutOfMemoryError) return error.name;
  expect(error instanceof TypeError || error instanceof RangeError, String(error)).toBe(true);
  expect(error).toHaveProperty("message", expect.stringMatching(/^"[^"]+" expected /));
  return error instanceof TypeError ? "TypeError" : "RangeError";
}

function count(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

/** A network that only has the same parameters. */
function expectUnharmed({ network, engine }: Player): void {
  using twin = networkIn(guardedEngine(network.build), network.options);
  for (const parameter of network.parameters) twin.parameter(parameter.name).write(parameter.read());
  const sequence = { steps: 3, batch: 2, tokens: Uint8Array.of(0, 1, 2, 3, 4, 5) };
  expect(network.forward(sequence)).toEqual(twin.forward(sequence));
  expect(engine.arena.brokenGuards()).toEqual([]);
}

describe.each(builds)(`${CALLS} calls at random, %s build`, (build) => {
  it("end well, or with an error that says why", () => {
    const player = new Player(build, new Random(20));
    const counts = new Map<string, number>();
    for (let i = 1; i <= CALLS; i++) {
      try {
        player.call();
        count(counts, "well");
      } catch (error) {
        count(counts, expectTyped(error));
      }
      if (i % 500 === 0) expectUnharmed(player);
      if (i % 100 === 0) player.renew();
    }
    player.network.dispose();
    for (const what of ["TypeError", "RangeError", InvalidStateError.name, DisposedError.name])
      expect(counts.get(what), what).toBeGreaterThan(CALLS / 200);
    expect(counts.get("well")).toBeGreaterThan(CALLS / 4);
  });
});
