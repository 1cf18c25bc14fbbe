import { describe, expect, it } from "vitest";
import type { LossFunction } from "../../src/learn/learner.js";
import { tbptt } from "../../src/learn/back/tbptt.js";
import { adam } from "../../src/optimize/adam.js";
import { sgd } from "../../src/optimize/sgd.js";
import { evaluate } from "../../src/train/evaluate.js";
import { train } from "../../src/train/train.js";
import type { Progress } from "../../src/train/training.js";
import {
  allParameters,
  collect,
  countedData,
  scriptedOptimizer,
  steps,
  tokenNetwork,
  tokenWindows,
  valueNetwork,
  valueWindow,
} from "./windows.js";

const validated = (events: readonly Progress[]): (number | string)[] =>
  steps(events.filter(({ validationLoss }) => validationLoss !== undefined));

describe("validation", () => {
  const data = tokenWindows(3);
  const validation = tokenWindows(2, { T: 7, B: 3, seed: 50 });

  it.each<[string, object, (number | string)[]]>([
    ["at each epoch's end", { epochs: 3 }, ["end 3", "end 6", "end 9"]],
    ["every update", { epochs: 2, validateEvery: 1 }, [1, 2, 3, 4, 5, 6]],
    ["every second update", { epochs: 3, validateEvery: 2 }, [2, 4, 6, 8]],
    ["every hundredth", { epochs: 3, validateEvery: 100 }, []],
    ["where maxSteps cuts an epoch short", { maxSteps: 7 }, ["end 3", "end 6", 7]],
    ["every second update, and no more for maxSteps", { maxSteps: 5, validateEvery: 2 }, [2, 4]],
    ["within windows", { learner: tbptt({ k1: 1 }), validateEvery: 5 }, [5, 10]],
  ])("%s", async (_, options, expected) => {
    const { events } = await collect(
      train(tokenNetwork(), data, { optimizer: adam(), validation, ...options }),
    );
    expect(validated(events)).toEqual(expected);
  });

  it("is what evaluate says of the network as the update left it", async () => {
    const network = tokenNetwork();
    const options = { optimizer: adam({ learningRate: 0.05 }), validation, validateEvery: 1, epochs: 2 };
    const losses: number[] = [];
    for await (const { epochEnd, validationLoss } of train(network, data, options)) {
      if (epochEnd) continue;
      expect(validationLoss).toBe((await evaluate(network, validation)).loss);
      losses.push(validationLoss ?? NaN);
    }
    expect(new Set(losses).size).toBe(6);
  });

  it("changes nothing of the training", async () => {
    const run = async (options: object): Promise<number[]> => {
      const network = tokenNetwork();
      const learner = tbptt({ k1: 3 });
      await collect(train(network, data, { optimizer: adam(), learner, epochs: 2, ...options }));
      return allParameters(network);
    };
    expect(await run({ validation, validateEvery: 1 })).toEqual(await run({}));
  });

  it("without windows is refused, and a generator is walked once", async () => {
    const run = (given: Iterable<(typeof data)[0]>) =>
      collect(train(tokenNetwork(), data, { optimizer: adam(), validation: given, epochs: 2 }));
    await expect(run([])).rejects.toThrow(/^"validation" expected at least one window/);
    await expect(run(validation.values())).rejects.toThrow(/^"validation" expected at least one window/);
    await expect(run([{ ...data[0], targets: { gradient: new Float32Array(40) } }])).rejects.toThrow(
      RangeError,
    );
  });

  it("is by the caller's loss where there is one; each window weighs as many targets as it has, or T·B steps", async () => {
    const loss: LossFunction = (outputs, { inputs }) => ({
      loss: inputs.steps,
      gradient: new Float32Array(outputs.length),
    });
    const [three, five] = [valueWindow(0, 0, { T: 3 }), { ...valueWindow(0, 0, { T: 5 }), targets: {} }];
    three.targets.values?.fill(NaN, 0, 2); // 4 of its 6 remain
    const options = { optimizer: sgd({ learningRate: 1 }), loss, validation: [five, three, three] };
    const { events } = await collect(train(valueNetwork(), [three, five], options));
    expect(events.map((event) => event.loss)).toEqual([3, 5, (3 * 4 + 5 * 10) / 14]);
    expect(events[2].validationLoss).toBe((5 * 10 + 3 * 4 + 3 * 4) / 18);
  });
});

describe("patience", () => {
  // Nothing but the head's bias is not zero, and the targets are: the validation loss is the bias's square.
  const network = () => {
    const made = valueNetwork();
    for (const parameter of made.parameters) parameter.write(parameter.read().fill(0));
    return made;
  };
  const validation = [valueWindow(0, 0)];
  const data = Array.from({ length: 20 }, () => valueWindow(0, 0));

  it.each([
    ["1: the first that is no better", 1, [4, 3, 5, 2], [16, 9, 25], 3],
    ["2: two in a row", 2, [4, 3, 5, 3, 1], [16, 9, 25, 9], 3],
    ["2: one alone does not count", 2, [4, 5, 3, 5, 2, 6, 6, 1], [16, 25, 9, 25, 4, 36, 36], 2],
    ["1: the same again is no better", 1, [4, 4, 1], [16, 16], 4],
    ["3: from the first", 3, [1, 2, 3, 4, 0], [1, 4, 9, 16], 1],
  ])("%s", async (_, patience, script, losses, best) => {
    const trained = network();
    const { data: counted, counts } = countedData(data);
    const options = { optimizer: scriptedOptimizer(script), validation, validateEvery: 1, patience };
    const { events, seen } = await collect(
      train(trained, counted, options),
      () => trained.parameter("head.bias").read()[0],
    );
    expect(events.map(({ validationLoss }) => validationLoss)).toEqual(losses);
    expect(trained.parameter("head.bias").read()[0]).toBe(best);
    expect(seen.at(-1)).toBe(best); // restored when the last event comes
    expect(counts).toEqual({ iterated: 1, pulled: losses.length, closed: 1 });
  });

  it("counts the validations of epochs' ends", async () => {
    const trained = network();
    const options = { optimizer: scriptedOptimizer([3, 2, 5, 4, 1, 0]), validation, patience: 2, epochs: 9 };
    const { events } = await collect(train(trained, data.slice(0, 1), options));
    expect(steps(events)).toEqual([1, "end 1", 2, "end 2", 3, "end 3", 4, "end 4"]);
    expect(trained.parameter("head.bias").read()[0]).toBe(2);
  });

  it("leaves the last parameters where training ends otherwise", async () => {
    const trained = network();
    const options = {
      optimizer: scriptedOptimizer([3, 2, 5]),
      validation,
      validateEvery: 1,
      patience: 2,
      maxSteps: 3,
    };
    await collect(train(trained, data, options));
    expect(trained.parameter("head.bias").read()[0]).toBe(5);
  });
});
