import { expect, it } from "vitest";
import { Random } from "../../src/random.js";
import { killOnce, type Kill } from "./kills.js";

/** Threads to kill; the whole campaign is of 1,000, and looks at the time too. */
const { BPTT_KILLS } = process.env;
const KILLS = Number(BPTT_KILLS ?? 8);
/** Kills side by side: most of the time each waits for a sign of life. */
const LANES = Number(process.env["BPTT_LANES"] ?? 4);
/** Milliseconds within which a death is told, where the trainer has a core for itself. */
const TOLD = 2000;

it(`a thread that dies is a WorkerError in time, and nothing is changed, ${KILLS} times`, async () => {
  const random = new Random(Number(process.env["BPTT_SEED"] ?? 1));
  const kills: Kill[] = [];
  let left = KILLS;
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const kill = await killOnce(random);
      kills.push(kill);
      expect(kill, kill.title).toMatchObject({
        error: expect.stringMatching(/^WorkerError: /) as string,
        changed: [],
      });
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  expect(kills).toHaveLength(KILLS);
  const times = kills.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b);
  const at = (share: number): string => times[Math.floor(share * (times.length - 1))].toFixed(0);
  process.stdout.write(
    `${KILLS} kills, told after ${at(0.5)} ms, 99 of 100 within ${at(0.99)}, all within ${at(1)}\n`,
  );
  if (BPTT_KILLS !== undefined)
    expect(times.filter((time) => time > TOLD).length).toBeLessThanOrEqual(Math.ceil(KILLS / 100));
}, 6e6);
