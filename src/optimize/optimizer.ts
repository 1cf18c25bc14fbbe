import { InvalidStateError, requireNumber } from "../errors.js";
import type { MemoryScope } from "../memory/memory-scope.js";
import type { Engine } from "../memory/engine.js";
import { vector, type Region, type Shape } from "../memory/regions.js";
import { requireNetwork, type RecurrentNetwork } from "../network/network.js";
import type { Network } from "../network/types.js";
import { keepOptions, type PlainData } from "../plain-data.js";

/**
 * An optimizer moves a network's parameters along its gradients. It belongs to the first network that it
 * steps and refuses others.
 */
export interface Optimizer {
  /** The learning rate, a finite number of at least 0. It may be set at any time; the next step uses it. */
  learningRate: number;
  /**
   * Updates the trainable parameters once from the network's gradients, which stay as they are. Throws an
   * InvalidStateError for another network than the first, and an OutOfMemoryError, changing nothing.
   */
  step(network: Network): void;
  /** Forgets moments, step count and network; the learning rate stays. */
  reset(): void;
  /**
   * Of an optimizer of the caller's own, for checkpoints: what it remembers, as plain data (numbers, texts, typed arrays, lists and
   * objects of such). The library's own optimizers need none.
   */
  save?(): PlainData;
  /** Goes on with what `save` returned, for this network. */
  restore?(saved: PlainData, network: Network): void;
}

/** The most that an option may be: past it, products with the padding's zeros would not be 0 in float32. */
export const MOST = 1e30;

/** Describes one update of one parameter. */
export interface Update<Moment extends string> {
  readonly engine: Engine;
  /** Pointers to the parameter and its gradient, `count` elements each, in bytes. */
  readonly w: number;
  readonly g: number;
  readonly count: number;
  /** Pointers to the moments, `count` elements each, which start as zeros and are kept between updates. */
  readonly moments: Readonly<Record<Moment, number>>;
  /** Number of updates of this parameter, including this one. */
  readonly step: number;
  readonly learningRate: number;
}

/** Holds the network that an optimizer belongs to and what it remembers of it. */
interface Binding<Moment extends string> {
  readonly network: RecurrentNetwork;
  readonly scope: MemoryScope;
  /** Pointers to the moments, each as many elements as all parameters. */
  readonly moments: Readonly<Record<Moment, number>>;
  /** Number of updates so far of each parameter; parameters that are not trainable get none. */
  readonly steps: number[];
}

/** Gives access to what an optimizer remembers of its network, to be saved and restored. */
export interface OptimizerMemory {
  /** What the optimizer is: one of the names in `optimizers`. */
  readonly kind: string;
  /** Whether there is anything to remember yet. */
  readonly bound: boolean;
  /** Names of the moments. */
  readonly names: readonly string[];
  /**
   * Returns the moments, reserving memory if there is none yet. Throws an OutOfMemoryError, and an
   * InvalidStateError for another network; nothing is changed then.
   */
  prepare(network: Network): RememberedMoments;
}

/** Holds an optimizer's moments; each is laid out as the network's parameters, padding included. */
export interface RememberedMoments {
  readonly moments: ReadonlyMap<string, Region>;
  /** Number of updates so far of each parameter. */
  readonly steps: number[];
}

const memories = new WeakMap<Optimizer, OptimizerMemory>();

/** Returns the memory of an optimizer; undefined for one that the library did not make. */
export function optimizerMemory(optimizer: Optimizer): OptimizerMemory | undefined {
  return memories.get(optimizer);
}

function bind<Moment extends string>(network: RecurrentNetwork, names: readonly Moment[]): Binding<Moment> {
  const { scope: parent, parameters } = network.model;
  const scope = parent.child();
  const moments = {} as Record<Moment, number>;
  if (names.length > 0) {
    const plan: Record<string, Shape> = {};
    for (const name of names) plan[name] = vector(parameters.count);
    try {
      const { regions }: { regions: Record<string, Region> } = scope.reserve(plan);
      for (const name of names) moments[name] = regions[name].pointer;
    } catch (error) {
      scope.releaseAll();
      throw error;
    }
  }
  return { network, scope, moments, steps: parameters.places.map(() => 0) };
}

function updateAll<Moment extends string>(
  { network, moments, steps }: Binding<Moment>,
  learningRate: number,
  update: (update: Update<Moment>) => void,
): void {
  const { parameters, engine } = network.model;
  const names = Object.keys(moments) as Moment[];
  parameters.places.forEach(({ trainable, value, gradient, count }, i) => {
    if (!trainable) return;
    steps[i]++;
    const offset = value.pointer - parameters.values;
    const own = {} as Record<Moment, number>;
    for (const name of names) own[name] = moments[name] + offset;
    update({
      engine,
      w: value.pointer,
      g: gradient.pointer,
      count,
      moments: own,
      step: steps[i],
      learningRate,
    });
  });
  parameters.version++;
}

/**
 * Creates an optimizer of a kind that remembers the named moments. `update` moves one parameter; its step counts from
 * 1, and again after `reset`. `options`: what `update` depends on besides.
 */
export function createOptimizer<Moment extends string>(
  kind: string,
  learningRate: number,
  names: readonly Moment[],
  options: Readonly<Record<string, number | boolean>>,
  update: (update: Update<Moment>) => void,
): Optimizer {
  let rate = requireNumber("learningRate", learningRate, { least: 0, most: MOST });
  let binding: Binding<Moment> | undefined;
  const bound = (network: Network): Binding<Moment> => {
    const given = requireNetwork(network);
    if (binding !== undefined && binding.network !== given) {
      throw new InvalidStateError(
        `"network" expected the network of the optimizer's first step, got another: create one optimizer for each, or reset it`,
      );
    }
    if (binding === undefined) {
      binding = bind(given, names);
      binding.scope.releaseWith(optimizer);
    }
    return binding;
  };
  const optimizer: Optimizer = {
    get learningRate() {
      return rate;
    },
    set learningRate(value) {
      rate = requireNumber("learningRate", value, { least: 0, most: MOST });
    },
    step(network) {
      updateAll(bound(network), rate, update);
    },
    reset() {
      binding?.scope.releaseAll();
      binding = undefined;
    },
  };
  memories.set(optimizer, {
    kind,
    names,
    get bound() {
      return binding !== undefined;
    },
    prepare(network) {
      const { moments, steps } = bound(network);
      const shape = vector(requireNetwork(network).model.parameters.count);
      return {
        moments: new Map(names.map((name) => [name, { ...shape, pointer: moments[name] }])),
        steps,
      };
    },
  });
  return keepOptions(optimizer, options);
}
