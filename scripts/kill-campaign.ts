/** Kills trainings of the built command line at random moments and goes on with them: `npm run test:kills -- 200`. */
import { killTrainings, type Campaign } from "../test/cli/kill-campaign.js";

const [kills = 20, seed = Date.now() % 1e6] = process.argv.slice(2).map(Number);

function summary({ kills: done, spared, runs, left, faults }: Campaign): string {
  return [
    `${done} of ${kills} kills (${spared} came too late), ${runs} runs gone on with to their ends, seed ${seed}`,
    `left by kills: no configuration yet ${left.nothing}, no checkpoint yet ${left.noCheckpoint}, half a line in the log ${left.halfLine}, a temporary file ${left.temporary}`,
    `faults: ${faults.length}`,
    ...faults,
  ].join("\n");
}

let shownAt = 0;
const start = performance.now();
const campaign = await killTrainings(kills, seed, (standing) => {
  if (standing.kills - shownAt < 20) return;
  shownAt = standing.kills;
  console.log(summary(standing));
});
console.log(`${summary(campaign)}\n${Math.round((performance.now() - start) / 1000)} s`);
process.exitCode = campaign.faults.length === 0 ? 0 : 1;
