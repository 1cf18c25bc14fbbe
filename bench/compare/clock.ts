/**
 * Time as it passes, or, where others use the machine too, as this thread runs: its helpers (garbage collection, compilation)
 * do not count then, which favours those who make garbage.
 */
export const clocks = ["wall", "cpu"] as const;
export type Clock = (typeof clocks)[number];

/** In the environment, for the process that measures a peer, and for Python. */
export const clockVariable = "COMPARE_CLOCK";
export const clock: Clock = process.env[clockVariable] === "cpu" ? "cpu" : "wall";

/** Node has it from 23.9 on. */
interface ThreadUsage {
  readonly threadCpuUsage?: () => NodeJS.CpuUsage;
}

/** Milliseconds from somewhere. */
export function now(): number {
  if (clock === "wall") return performance.now();
  const { user, system } = (process as ThreadUsage).threadCpuUsage?.() ?? process.cpuUsage();
  return (user + system) / 1000;
}
