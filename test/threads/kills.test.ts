import { expect, it } from "vitest";
import { Random } from "../../src/random.js";
import { killOnce } from "./kills.js";

/** BPTT_KILLS=1000 for the whole of it. */
const KILLS = Number(process.env["BPTT_KILLS"] ?? 6);

it(`a thread that dies is a WorkerError within two seconds, and nothing is changed, ${KILLS} times`, async () => {
  const random = new Random(Number(process.env["BPTT_SEED"] ?? 1));
  let slowest = 0;
  for (let i = 0; i < KILLS; i++) {
    const outcome = await killOnce(random);
    expect(outcome).toMatchObject({ error: expect.stringMatching(/^WorkerError: /) as string, changed: [] });
    if (outcome !== "hang") slowest = Math.max(slowest, outcome.milliseconds);
  }
  if (process.env["BPTT_PRINT"] !== undefined)
    process.stdout.write(`${KILLS} kills, the slowest seen after ${slowest.toFixed(0)} ms`);
}, 6e6);
