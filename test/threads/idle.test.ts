import { expect, it } from "vitest";
import { runProgram } from "./bundled.js";

it("an idle pool keeps no process alive, and takes no time of its cores", async () => {
  const { milliseconds } = (await runProgram("programs/idle-pool")) as { milliseconds: number };
  // Time of processors, which others at work do not lengthen: three threads that look for work all the while take hundreds.
  expect(milliseconds).toBeLessThan(60);
});

interface Left {
  /** Mebibytes. */
  readonly resident: number;
  readonly reserved: number;
  readonly threads: number;
}

it.runIf(process.platform === "linux")("a hundred pools leave nothing behind", async () => {
  const said = (await runProgram("programs/many-pools", "--expose-gc")) as Record<"before" | "after", Left>;
  const { before, after } = said;
  expect(after.threads).toBe(before.threads);
  // A thread that is left holds 5 MiB and more, a memory that is shared reserves gibibytes of addresses.
  expect(after.resident - before.resident).toBeLessThan(100);
  expect(after.reserved - before.reserved).toBeLessThan(8192);
});
