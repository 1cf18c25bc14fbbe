/** What a pool does while a thread of it is killed, each with a look at what the call that failed has left behind. */

import type { OnlineRulePlan } from "../../src/learn/online/online-rule.js";
import { predict } from "../../src/infer/predict.js";
import { createNetwork } from "../../src/network/create-network.js";
import { cellNames } from "../../src/network/cells/by-name.js";
import type { Network, NetworkOptions, Sequence, Target, ThreadPool } from "../../src/network/types.js";
import { adam } from "../../src/optimize/adam.js";
import { Random } from "../../src/random.js";
import { evaluate } from "../../src/train/evaluate.js";
import { onlineSession } from "../../src/train/online-session.js";
import { train } from "../../src/train/train.js";
import { makeRule, ruleNames } from "../learn/rules.js";
import { bitsOf, gradientBits, parameterBits } from "../network/bits.js";
import type { Work } from "./kill-messages.js";

/** Something that is done again and again. `changed` is asked once it has failed, and says what is not as it should be. */
export interface Killed {
  readonly once: () => void | Promise<void>;
  readonly changed: () => string[] | Promise<string[]>;
}

interface Drawn {
  readonly options: NetworkOptions;
  readonly windows: readonly { readonly inputs: Sequence; readonly targets: Target }[];
}

function draw(seed: number): Drawn {
  const random = new Random(seed);
  const upTo = (most: number): number => 1 + random.integer(most);
  const [T, B, I, O] = [10 + upTo(20), 8 + upTo(8), 20, 10];
  const options = {
    cell: cellNames[random.integer(cellNames.length)],
    layers: upTo(2),
    inputSize: I,
    hiddenSize: 40 + upTo(80),
    outputSize: O,
    seed,
  };
  const windows = Array.from({ length: 2 }, () => ({
    inputs: { steps: T, batch: B, tokens: Int32Array.from({ length: T * B }, () => random.integer(I)) },
    targets: { classes: Int32Array.from({ length: T * B }, () => random.integer(O)) },
  }));
  return { options, windows };
}

const differing = (bits: Readonly<Record<string, boolean>>): string[] =>
  Object.entries(bits).flatMap(([name, same]) => (same ? [] : [name]));

/** A network with its optimizer, of which each update goes back through two windows. */
class Trainee {
  readonly network: Network;
  /** Whole updates. */
  updates = 0;
  /** Windows gone back through since, and whether the optimizer was asked. */
  windows = 0;
  stepping = false;
  private readonly drawn: Drawn;
  private readonly optimizer = adam({ learningRate: 0.003 });

  constructor(drawn: Drawn, threads?: ThreadPool) {
    this.drawn = drawn;
    this.network = createNetwork(drawn.options, threads && { threads });
  }

  begin(): void {
    this.windows = 0;
    this.network.zeroGradients();
  }

  learn(): void {
    const { inputs, targets } = this.drawn.windows[this.windows];
    this.network.forward(inputs);
    this.network.backward(targets);
    this.windows++;
  }

  step(): void {
    this.stepping = true;
    this.optimizer.step(this.network);
    this.stepping = false;
    this.updates++;
  }

  update(): void {
    this.begin();
    while (this.windows < this.drawn.windows.length) this.learn();
    this.step();
  }
}

function updates(drawn: Drawn, threads: ThreadPool): Killed {
  const trainee = new Trainee(drawn, threads);
  return {
    once: () => {
      trainee.update();
    },
    changed: () => {
      const alone = new Trainee(drawn);
      while (alone.updates < trainee.updates) alone.update();
      alone.begin();
      while (alone.windows < trainee.windows) alone.learn();
      const gradients = gradientBits(alone.network) === gradientBits(trainee.network);
      // What failed may have been the optimizer: then all of its work is done, or none.
      const isDone = (): boolean => parameterBits(alone.network) === parameterBits(trainee.network);
      if (trainee.stepping && !isDone()) alone.step();
      const parameters = isDone();
      alone.update();
      trainee.update();
      return differing({ gradients, parameters, "the optimizer's memory": isDone() });
    },
  };
}

function training(drawn: Drawn, threads: ThreadPool): Killed {
  const begin = (pool?: ThreadPool) =>
    train(createNetwork(drawn.options, pool && { threads: pool }), drawn.windows, {
      optimizer: adam({ learningRate: 0.003 }),
      maxSteps: 1e6,
      clipNorm: 1,
    });
  const running = begin(threads);
  let events = 0;
  return {
    once: async () => {
      await running.next();
      events++;
    },
    changed: async () => {
      const alone = begin();
      for (let i = 0; i < events; i++) await alone.next();
      const same = (): boolean => parameterBits(alone.network) === parameterBits(running.network);
      const before = same();
      if (!before) await alone.next();
      const outputs = [alone, running].map(
        ({ network }) => network.forward(drawn.windows[0].inputs, { keepTape: false }).outputs,
      );
      return differing({ parameters: before || same(), outputs: bitsOf(outputs[0]) === bitsOf(outputs[1]) });
    },
  };
}

/** What gives the same each time, before, and alone after it. */
function repeated(drawn: Drawn, threads: ThreadPool, look: (network: Network) => unknown): Killed {
  const network = createNetwork(drawn.options, { threads });
  const parameters = parameterBits(network);
  let came: unknown;
  return {
    once: async () => {
      came = await look(network);
    },
    changed: async () => {
      const expected = JSON.stringify(await look(createNetwork(drawn.options)));
      const after = JSON.stringify(await look(network));
      return differing({
        "what came before": came === undefined || JSON.stringify(came) === expected,
        "what came after": after === expected,
        parameters: parameterBits(network) === parameters,
      });
    },
  };
}

function stepping({ options, windows: [{ inputs }] }: Drawn, threads: ThreadPool): Killed {
  const { batch, steps, tokens = new Int32Array() } = inputs;
  const [session, alone] = [{ threads }, undefined].map((runtime) =>
    createNetwork(options, runtime).session({ batch }),
  );
  const input = (i: number) => tokens.slice((i % steps) * batch, ((i % steps) + 1) * batch);
  const stateBits = ({ state: { h, c } }: typeof session): string => bitsOf(h, c ?? new Float32Array());
  let taken = 0;
  return {
    once: () => {
      session.step(input(taken));
      taken++;
    },
    changed: () => {
      for (let i = 0; i < taken; i++) alone.step(input(i));
      const state = stateBits(session) === stateBits(alone);
      const outputs = [session, alone].map((one) => bitsOf(one.step(input(taken))));
      return differing({ state, outputs: outputs[0] === outputs[1] });
    },
  };
}

/** Whether a rule is for all cells. */
const isGeneral = (plan: OnlineRulePlan | undefined): boolean => plan !== undefined && plan.diagonal !== true;

/** Learns step by step, by a rule of the seed. */
function learning({ options, windows: [{ inputs }] }: Drawn, seed: number, threads: ThreadPool): Killed {
  const rules = ruleNames.filter((name) => isGeneral(makeRule(name).plan));
  const { batch, steps, tokens = new Int32Array() } = inputs;
  const narrow = { ...options, hiddenSize: 12, layers: 1 };
  const [session, alone] = [{ threads }, undefined].map((runtime) =>
    onlineSession(createNetwork(narrow, runtime), {
      learner: makeRule(rules[seed % rules.length]).learner,
      optimizer: adam({ learningRate: 0.003 }),
      updateEvery: 2,
      batch,
    }),
  );
  const learn = (one: typeof session, i: number): string => {
    const input = tokens.slice((i % steps) * batch, ((i % steps) + 1) * batch);
    const { outputs } = one.learn(
      input,
      Int32Array.from(input, (token) => token % 10),
    );
    return [bitsOf(outputs), parameterBits(one.network), gradientBits(one.network)].join();
  };
  let taken = 0;
  let saved = session.save();
  return {
    once: () => {
      saved = session.save();
      learn(session, taken);
      taken++;
    },
    changed: () => {
      for (let i = 0; i < taken; i++) learn(alone, i);
      const parameters = parameterBits(session.network) === parameterBits(alone.network);
      // What a rule keeps of the past may be that of half a step: whoever goes on with it has saved it.
      session.restore(saved);
      const same = Array.from({ length: 5 }, (_, i) => learn(session, taken + i) === learn(alone, taken + i));
      return differing({ parameters, "what is learned after it": same.every(Boolean) });
    },
  };
}

/** Begins the work with networks and windows of the seed. */
export function beginWork(work: Work, seed: number, threads: ThreadPool): Killed {
  const drawn = draw(seed);
  switch (work) {
    case "updates":
    case "idle":
      return updates(drawn, threads);
    case "train":
      return training(drawn, threads);
    case "evaluate":
      return repeated(drawn, threads, (network) => evaluate(network, drawn.windows));
    case "predict": {
      const items = drawn.windows.map(({ inputs: { tokens = new Int32Array() } }) => ({ tokens }));
      return repeated(drawn, threads, (network) => predict(network, items).map((outputs) => bitsOf(outputs)));
    }
    case "session":
      return stepping(drawn, threads);
    case "learn":
      return learning(drawn, seed, threads);
  }
}
