import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { shellWord } from "../../../src/cli/sweep/job-list.js";
import { parseLine } from "../run-events.js";
import { SweepPlace, tiny } from "./swept.js";

const place = new SweepPlace();
afterAll(() => {
  place.dispose();
});

const main = join(import.meta.dirname, "../../../dist/cli/main.js");

describe("trials for other machines", () => {
  const odd = 'it\'s $HOME "quoted".txt';
  writeFileSync(place.path(odd), place.text);
  const words = ["sweep", "train", odd, ...tiny, "--hidden", "2,3", "--seed", "-1,5"];
  /** Runs a script in which `npx bptt` is the program under test. */
  const bash = (script: string, environment: Record<string, string> = {}): string =>
    execFileSync("bash", ["-c", script], {
      cwd: place.folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...environment, PATH: `${place.folder}:${process.env["PATH"] ?? ""}` },
    });
  const node = [process.execPath, main].map(shellWord).join(" ");
  writeFileSync(place.path("npx"), `#!/bin/bash\nshift\nexec ${node} "$@"\n`, { mode: 0o755 });

  it.skipIf(process.platform === "win32")("are a list of commands, whose runs --collect tells of", () => {
    const { code, out, err } = place.run([...words, "--run", "far runs", "--print", "parallel"]);
    expect([code, err]).toEqual([0, ""]);
    expect(existsSync(place.path("far runs"))).toBe(false);
    expect(out.split("\n")).toHaveLength(5);
    bash(out);
    expect(readdirSync(place.path("far runs"))).toEqual(["0001", "0002", "0003", "0004"]);
    const collected = place.run(["sweep", "--collect", "far runs", "--out", "far.safetensors"]);
    expect(collected.code).toBe(0);
    expect(collected.out).toContain("4 trials, 4 of them done");
    expect(collected.out.match(/^\d +[23] +(-1|5) +\d\.\d+ +\d:\d\d +to its end$/gm)).toHaveLength(4);
    const [best] = place.lines("far runs/results.jsonl");
    expect(place.model("far.safetensors")).toBe(
      place.model(`far runs/${String(best["run"])}/best.safetensors`),
    );
    // The sweep itself goes on with what the machines left.
    rmSync(place.path("far runs/0004"), { recursive: true });
    expect(place.run([...words, "--run", "far runs"]).out).toContain("3 of them were over before.");
    expect(place.outcome("far runs")).toHaveLength(4);
  });

  it.skipIf(process.platform === "win32")(
    "are a script for Slurm, a task each, which goes on where it stopped",
    () => {
      const { out } = place.run([...words, "--run", "array", "--print", "slurm"]);
      expect(out).toContain("#SBATCH --array=1-4\n");
      for (const task of ["2", "4", "4"]) bash(out, { SLURM_ARRAY_TASK_ID: task });
      expect(readdirSync(place.path("array"))).toEqual(["0002", "0004"]);
      const { out: json } = place.run(["sweep", "--collect", "array", "--json"]);
      const events = json.trimEnd().split("\n").map(parseLine);
      expect(events.map(({ event, trial }) => [event, trial])).toEqual([
        ["trial", 2],
        ["trial", 4],
        ["end", undefined],
      ]);
      // A number that begins with a dash is one word with its option.
      expect(out).toMatch(/ --seed=-1 /);
    },
  );

  it("leave out what cannot be trained, and say so", () => {
    const { out, err } = place.run([
      ...["sweep", "train", "text.txt", ...tiny, "--hidden", "4", "--rule", "bptt,uoro", "--block", "2"],
      ...["--seed", "1,2", "--run", "few", "--print", "parallel"],
    ]);
    expect(
      out
        .trimEnd()
        .split("\n")
        .map((line) => line.slice(-4)),
    ).toEqual(["0003", "0004"]);
    expect(err).toMatch(/^Trial 1 is left out: --block is for .*\nTrial 2 is left out: /);
  });
});
