import { expect, it } from "vitest";
import { killTrainings } from "./kill-campaign.js";

// `npm run test:kills -- 200` is the whole campaign.
it("goes on with trainings that were killed at random moments, as if nothing had been", async () => {
  const { kills, faults } = await killTrainings(5, 1);
  expect(faults).toEqual([]);
  expect(kills).toBe(5);
});
