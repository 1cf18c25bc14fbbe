import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { everyToken, measureText } from "../../src/cli/text-evaluation.js";
import { CharVocabulary, createNetwork, softmax, type TrainingWindow } from "../../src/index.js";
import { Random } from "../../src/random.js";

const vocabulary = CharVocabulary.from("abcde");
const network = createNetwork({ inputSize: 5, hiddenSize: 6, outputSize: 5, cell: "lstm" });

function textOf(length: number, seed: number): string {
  const random = new Random(seed);
  return Array.from({ length }, () => "abcde"[random.integer(5)]).join("");
}

describe("a text that is measured", () => {
  it.each([2, 3, 128, 129, 130, 9_999, 20_001, 30_011, 100_007])(
    "has each of %d characters but the first as a target, once",
    (length) => {
      const tokens = Int32Array.from({ length }, (_, i) => i);
      const found = new Uint8Array(length);
      let last: TrainingWindow | undefined;
      for (const window of everyToken(tokens) as Iterable<TrainingWindow>) {
        const { steps, batch, tokens: inputs = [] } = window.inputs;
        expect(window.carry).toBe(last !== undefined);
        expect(batch).toBe(Math.max(1, Math.min(8, Math.floor((length - 1) / 10_000))));
        expect(window.targets.classes).toHaveLength(steps * batch);
        window.targets.classes?.forEach((target, i) => {
          if (target === -1) return;
          if (target === inputs[i] + 1) found[target]++;
        });
        last = window;
      }
      expect(found[0]).toBe(0);
      expect(found.subarray(1).every((count) => count === 1)).toBe(true);
    },
  );

  it("has the loss of reading it from the beginning to the end", async () => {
    const strangers = fc.nat(3);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 400 }),
        fc.integer(),
        strangers,
        async (length, seed, unknown) => {
          const text = textOf(length, seed);
          const model = { network, vocabulary };
          const { figures, note } = await measureText(model, "text", `${"é".repeat(unknown)}${text}`);
          const tokens = vocabulary.encode(text);
          const { outputs } = network.forward({ steps: length, batch: 1, tokens }, { keepTape: false });
          const shares = softmax(outputs, 5);
          let [sum, right] = [0, 0];
          for (let t = 0; t + 1 < length; t++) {
            const own = Array.from(shares.subarray(5 * t, 5 * t + 5));
            sum -= Math.log(own[tokens[t + 1]]);
            if (own.indexOf(Math.max(...own)) === tokens[t + 1]) right++;
          }
          const loss = sum / (length - 1);
          expect(figures).toMatchObject({ token: "character", tokens: length - 1, unknown });
          expect(note).toBe(
            unknown === 0 ? undefined : `${unknown} characters are left out: the model does not know them`,
          );
          expect(figures.loss).toBeCloseTo(loss, 5);
          expect(figures.bits).toBeCloseTo(loss / Math.LN2, 5);
          expect(figures.perplexity).toBeCloseTo(Math.exp(loss), 4);
          expect(figures.accuracy).toBeCloseTo(right / (length - 1), 6);
        },
      ),
      { numRuns: 40 },
    );
  });

  it.each([
    ["é", "no character"],
    ["éa", "one character"],
  ])("is refused where the model knows too little of it: %s", async (text, what) => {
    await expect(measureText({ network, vocabulary }, "t.txt", text)).rejects.toThrow(
      `t.txt has ${what} that the model knows: two are needed`,
    );
  });
});
