import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  cpSync,
  existsSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { parseLine } from "../run-events.js";
import { grid, SweepPlace, tiny } from "./swept.js";

const place = new SweepPlace();
afterAll(() => {
  place.dispose();
});

const main = join(import.meta.dirname, "../../../dist/cli/main.js");
place.run([...grid, "--run", "whole"]);

describe("a sweep goes on", () => {
  /** Copies the whole sweep, and leaves of it what an interruption may have. */
  function interrupted(name: string): void {
    cpSync(place.path("whole"), place.path(name), { recursive: true });
    rmSync(place.path(`${name}/0003`), { recursive: true });
    rmSync(place.path(`${name}/0002/checkpoint.safetensors`));
    truncateSync(place.path(`${name}/0002/log.jsonl`), 800);
    for (const file of ["results.jsonl", "results.csv", "report.html"]) rmSync(place.path(`${name}/${file}`));
  }

  it.each([
    ["by the same words", (run: string) => [...grid, "--run", run]],
    ["by bptt resume", (run: string) => ["resume", run]],
  ])("%s: what is over stays, the rest is trained", (_, words) => {
    const run = words("x").at(0) ?? "";
    interrupted(run);
    const before = statSync(place.path(`${run}/0001/log.jsonl`)).mtimeMs;
    const { code, out } = place.run(words(run));
    expect(code).toBe(0);
    expect(out).toContain("2 of them were over before.");
    expect(place.outcome(run)).toEqual(place.outcome("whole"));
    expect(statSync(place.path(`${run}/0001/log.jsonl`)).mtimeMs).toBe(before);
    for (const trial of ["0001", "0002", "0003", "0004"])
      expect(place.model(`${run}/${trial}/best.safetensors`)).toBe(
        place.model(`whole/${trial}/best.safetensors`),
      );
  });

  it("with more trials of the same seed", () => {
    const words = ["sweep", "train", "text.txt", ...tiny, "--hidden", "2..40", "--run", "more", "--trials"];
    place.run([...words, "2"]);
    const { code, out } = place.run([...words, "3"]);
    expect(code).toBe(0);
    expect(out).toContain("2 of them were over before.");
    expect(place.lines("more/results.jsonl")).toHaveLength(3);
  });

  it("with nothing else in its folder", () => {
    const { code, err } = place.run([...grid, "--learning-rate", "0.1", "--run", "whole"]);
    expect(err).toMatch(/^bptt: whole\/0001 is another sweep's trial, with --learning-rate 0\.006: a new/);
    expect(code).toBe(2);
  });

  it("in processes of its own, and in none that mpirun starts", () => {
    for (const again of [
      [...grid, "--run", "whole"],
      ["resume", "whole"],
    ]) {
      const { code, err } = place.run([...again, "--mpi"]);
      expect(err).toMatch(/^bptt: --mpi is for one training, and a sweep trains many/);
      expect(code).toBe(2);
    }
  });

  it("on other numbers of threads, of which each trial has its own, and learns the same", () => {
    const words = (threads: string, run: string): string[] => [...grid, "--threads", threads, "--run", run];
    const { code, out } = place.run([...words("2", "threads"), "--jobs", "1"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^1 at a time, of 2 threads each/m);
    expect(place.outcome("threads")).toEqual(place.outcome("whole"));
    const config = (trial: string): unknown =>
      JSON.parse(place.read(`threads/${trial}/config.json`)) as unknown;
    expect(config("0001")).toMatchObject({ options: { threads: "2" } });
    rmSync(place.path("threads/0003"), { recursive: true });
    const more = place.run(["resume", "threads", "--threads", "3"]);
    expect([more.code, more.err]).toEqual([0, ""]);
    expect(more.out).toContain("3 of them were over before.");
    expect(config("0003")).toMatchObject({ options: { threads: "3" } });
    expect(place.outcome("threads")).toEqual(place.outcome("whole"));
  });

  it("on the same data", () => {
    writeFileSync(place.path("changing.txt"), place.text);
    const words = ["sweep", "train", "changing.txt", ...tiny, "--hidden", "2,3", "--run", "changed"];
    place.run(words);
    appendFileSync(place.path("changing.txt"), "!");
    for (const again of [words, ["resume", "changed"]]) {
      const { code, err } = place.run(again);
      expect(err).toMatch(/changing\.txt is not what it was when/);
      expect(code).toBe(2);
    }
  });

  // Windows has no signals to send.
  it.skipIf(process.platform === "win32").each([
    ["SIGINT", 130, "it"],
    ["SIGTERM", 143, "it"],
    ["SIGKILL", null, "it"],
    // Ctrl-C in a terminal.
    ["SIGINT", 130, "it and its trainings"],
  ] as const)(
    "after %s, which ends it with %s, sent to %s: each training saves its model first",
    async (signal, expected, receivers) => {
      const alone = receivers === "it";
      const run = `after-${signal}-${alone ? 1 : 2}`;
      const long = [
        "sweep",
        "train",
        "text.txt",
        ...tiny.slice(0, -2),
        "--hidden",
        "4,5,6",
        "--minutes",
        "5",
      ];
      const given = [main, ...long, "--jobs", "2", "--run", run];
      const child = spawn(process.execPath, given, { cwd: place.folder, detached: !alone });
      let out = "";
      child.stdout.setEncoding("utf8").on("data", (some: string) => (out += some));
      const ended = once(child, "close");
      const logs = ["0001", "0002"].map((trial) => place.path(`${run}/${trial}/log.jsonl`));
      while (!logs.every((log) => existsSync(log) && statSync(log).size > 2000)) await sleep(20);
      process.kill(alone ? (child.pid ?? 0) : -(child.pid ?? 0), signal);
      const [code] = (await ended) as [number | null];
      expect(code).toBe(expected);
      // Each training saves its model and lets its folder go.
      while (logs.some((log) => existsSync(join(log, "../lock")))) await sleep(20);
      for (const log of logs) {
        const last = parseLine(readFileSync(log, "utf8").trimEnd().split("\n").at(-1) ?? "");
        expect(last).toMatchObject({ event: "end", ending: "signal" });
      }
      expect(existsSync(place.path(`${run}/0003`))).toBe(false);
      if (signal === "SIGKILL") return;
      expect(out).toMatch(/^[12] +[45] +\d\.\d+ +\d:\d\d +stopped$/m);
      expect(out).toMatch(/^3 +6 +not begun$/m);
      expect(out).toMatch(new RegExp(`^To go on:\\n {4}.* resume ${run}$`, "m"));
    },
  );
});
