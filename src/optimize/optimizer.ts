import { InvalidStateError, requireNumber } from "../errors.js";
import type { MemoryScope } from "../memory/memory-scope.js";
import type { Engine } from "../memory/engine.js";
import { vector, type Region, type Shape } from "../memory/regions.js";
import { requireNetwork, type RecurrentNetwork } from "../network/network.js";
import type { Network } from "../network/types.js";

/** Moves a network's parameters along its gradients. Belongs to the first network it steps; another is refused. */
export interface Optimizer {
  /** May be set at any time; the next step uses it. A finite number of at least 0. */
  learningRate: number;
  /** One update from the gradients as they are; they stay as they are. */
  step(network: Network): void;
  /** Forgets moments, step count and network; the learning rate stays. */
  reset(): void;
}

/** Far above anything of use; past it, products with the padding's zeros would not be 0 in float32. */
export const MOST = 1e30;

/** One update of one parameter. */
export interface Update<Moment extends string> {
  readonly engine: Engine;
  /** Pointers to the parameter and its gradient, `count` elements each. */
  readonly w: number;
  readonly g: number;
  readonly count: number;
  /** Pointers to as much memory each, which starts as zeros and is kept from update to update. */
  readonly moments: Readonly<Record<Moment, number>>;
  /** Updates of this parameter, this one counted. */
  readonly step: number;
  readonly learningRate: number;
}

interface Binding<Moment extends string> {
  readonly network: RecurrentNetwork;
  readonly scope: MemoryScope;
  /** Pointers to as much memory as all parameters take. */
  readonly moments: Readonly<Record<Moment, number>>;
  /** Updates so far of each parameter: those that are not trainable wait. */
  readonly steps: number[];
}

/** What an optimizer remembers of its network: to be saved and restored. */
export interface OptimizerMemory {
  /** Of the moments. */
  readonly names: readonly string[];
  /** Makes room, if there is none yet. Throws an OutOfMemoryError, and an InvalidStateError for another network, nothing changed. */
  prepare(network: Network): RememberedMoments;
}

/** Each moment lies as the network's parameters do, padding included. */
export interface RememberedMoments {
  readonly moments: ReadonlyMap<string, Region>;
  /** Updates so far of each parameter. */
  readonly steps: number[];
}

const memories = new WeakMap<Optimizer, OptimizerMemory>();

/** Undefined for an optimizer that the library did not make. */
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

/** An optimizer that remembers the named moments. `update` moves one parameter; after `reset`, from step 1. */
export function createOptimizer<Moment extends string>(
  learningRate: number,
  names: readonly Moment[],
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
    names,
    prepare(network) {
      const { moments, steps } = bound(network);
      const shape = vector(requireNetwork(network).model.parameters.count);
      return {
        moments: new Map(names.map((name) => [name, { ...shape, pointer: moments[name] }])),
        steps,
      };
    },
  });
  return optimizer;
}
