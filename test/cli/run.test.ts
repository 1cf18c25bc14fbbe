import { once } from "node:events";
import {
  appendFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { loadNetwork, readMetadata } from "../../src/index.js";
import { small, Workplace } from "./program.js";
import { courseOf, parseLine } from "./run-events.js";

const place = new Workplace();
afterAll(() => {
  place.dispose();
});

/** Learned by heart within some hundred updates, so that the held-out loss rises again. */
const overfitted = [...small, "--hidden", "24", "--learning-rate", "0.05", "--schedule", "constant"];
const words = ["train", "text.txt", ...small, "--steps", "120", "--checkpoint", "0"];
const whole = place.run([...words, "--run", "whole"]);
const text = (path: string): string => readFileSync(place.path(path), "utf8");
const bytes = (path: string): string => readFileSync(place.path(path)).toString("hex");
const course = (run: string): string[] => courseOf(place.path(`${run}/log.jsonl`));

/** Fails unless the run is the one that nothing interrupted. */
function expectWhole(run: string): void {
  expect(course(run)).toEqual(course("whole"));
  for (const file of ["best.safetensors", "last.safetensors"])
    expect(bytes(`${run}/${file}`)).toBe(bytes(`whole/${file}`));
}

describe("bptt train --run", () => {
  it("makes a folder with all of it, and no other file", () => {
    expect(whole.code).toBe(0);
    expect(readdirSync(place.path("whole")).sort()).toEqual([
      "best.safetensors",
      "checkpoint.safetensors",
      "config.json",
      "last.safetensors",
      "log.jsonl",
      "report.html",
    ]);
    expect(existsSync(place.path("text.safetensors"))).toBe(false);
    expect(whole.out).toContain("All of it is in whole: whole/report.html has the curves.");
    for (const name of ["best", "last"])
      expect(loadNetwork(readFileSync(place.path(`whole/${name}.safetensors`))).options.hiddenSize).toBe(16);
  });

  it("writes down what it was told, with the defaults", () => {
    const config = JSON.parse(text("whole/config.json")) as Record<string, unknown>;
    expect(config).toMatchObject({ format: 1, command: "train", operands: [place.path("text.txt")] });
    expect(config["options"]).toMatchObject({
      cell: "gru",
      hidden: "16",
      steps: "120",
      "learning-rate": "0.006",
    });
    expect(config["options"]).not.toHaveProperty("minutes");
  });

  it("logs every update and look, and the end", () => {
    const events = text("whole/log.jsonl").trimEnd().split("\n").map(parseLine);
    expect(events[0]).toMatchObject({ event: "start", command: "train", parameters: 2684 });
    const steps = events.filter(({ event }) => event === "update").map(({ step }) => step);
    expect(steps).toEqual(Array.from({ length: 120 }, (_, i) => i + 1));
    const looks = events.filter(({ event }) => event === "look");
    expect(looks.length).toBeGreaterThan(20);
    expect(looks.at(-1)).toMatchObject({ step: 120 });
    const best = looks.findLast((look) => look["best"] === true);
    expect(events.at(-1)).toMatchObject({ event: "end", ending: "limit", modelStep: best?.["step"] });
  });

  it("makes a report that needs no network, with what it had to draw", () => {
    const page = text("whole/report.html");
    expect(page).toMatch(/^<!doctype html>[^]*<\/html>\n$/);
    expect(page).not.toMatch(/(src|href)=|@import|url\(/);
    expect(page).toContain("Copyright (c)");
    const data = /<script type="application\/json" id="events">(.*)<\/script>/.exec(page)?.[1] ?? "";
    const events = JSON.parse(data) as { event: string }[];
    expect(events.filter(({ event }) => event === "update")).toHaveLength(120);
    // No text of the network's or the user's ends the script.
    expect(data).not.toContain("<");
  });

  it("learns the same as without", () => {
    place.run([...words, "--out", "alone.safetensors"]);
    expect(bytes("alone.safetensors")).toBe(bytes("whole/best.safetensors"));
  });

  it("refuses a folder that has a run", () => {
    const { code, err } = place.run([...words, "--run", "whole"]);
    expect(err).toMatch(/^bptt: whole has a run already: bptt resume whole goes on/);
    expect(code).toBe(2);
  });

  it("takes a folder in which a killed process left its first files", () => {
    place.run([...words, "--run", "left"]);
    for (const name of readdirSync(place.path("left"))) rmSync(place.path(`left/${name}`));
    writeFileSync(place.path("left/.bptt-00000000-1-00000000.tmp"), "x");
    writeFileSync(place.path("left/input"), "x");
    expect(place.run([...words, "--run", "left"]).code).toBe(0);
  });

  it("takes a text from a pipe, and keeps it", () => {
    const piped = ["train", "-", ...small, "--steps", "5", "--run", "piped"];
    expect(place.run(piped, {}, place.text).out).toContain("standard input: 3,600 characters");
    expect(text("piped/input")).toBe(place.text);
    expect(place.run(["resume", "piped"]).code).toBe(0);
  });
});

describe("the model that is kept", () => {
  it("is the best on the held-out part, where training ends early", () => {
    writeFileSync(
      place.path("noise.txt"),
      Array.from({ length: 3000 }, (_, i) => "abcdefgh"[((i * i * 7 + i ** 3) % 31) % 8]).join("") +
        "hgfedcba".repeat(40),
    );
    const given = ["train", "noise.txt", ...overfitted, "--steps", "2000", "--patience", "3", "--json"];
    const { code, out } = place.run([...given, "--out", "noise.safetensors"]);
    expect(code).toBe(0);
    const events = out.trimEnd().split("\n").map(parseLine);
    const looks = events.filter(({ event }) => event === "look");
    const losses = looks.map(({ heldOut }) => Number(heldOut));
    const least = losses.indexOf(Math.min(...losses));
    const end = events.at(-1);
    expect(end).toMatchObject({ ending: "patience", modelStep: looks[least]["step"] });
    expect(least).toBe(looks.length - 4);
    expect(end?.["step"]).toBeLessThan(2000);
    const { training } = readMetadata(readFileSync(place.path("noise.safetensors")));
    expect(JSON.parse(training)).toEqual({ steps: looks[least]["step"], heldOut: losses[least] });
    const on = place.run([...given, "--patience", "0", "--steps", "300", "--out", "on.safetensors"]).out;
    expect(parseLine(on.trimEnd().split("\n").at(-1) ?? "")).toMatchObject({ ending: "limit", step: 300 });
  });
});

describe("a loss that becomes no number", () => {
  it("ends with code 1, the model from before it being saved", () => {
    const wild = [
      "train",
      "text.txt",
      ...small,
      "--cell",
      "elman-relu",
      "--learning-rate",
      "1e30",
      "--steps",
      "50",
      "--schedule",
      "constant",
    ];
    const { code, err } = place.run([...wild, "--run", "wild", "--out", "wild.safetensors"]);
    expect(err).toMatch(/^bptt: .*step \d+.*$/m);
    expect(code).toBe(1);
    const network = loadNetwork(readFileSync(place.path("wild.safetensors")));
    for (const parameter of network.parameters) expect(parameter.read().every(Number.isFinite)).toBe(true);
    expect(place.run(["info", "wild"]).out).toMatch(/^wild: ended since its loss became no number$/m);
  });
});

describe("a training that cannot begin", () => {
  it("leaves no run", () => {
    const { code } = place.run(["train", "text.txt", ...small, "--memory", "0.0001", "--run", "never"]);
    expect(code).toBe(2);
    expect(existsSync(place.path("never"))).toBe(false);
  });
});

describe("--json", () => {
  it("prints the log's lines, and nothing else", () => {
    const { out, err } = place.run([...words, "--json", "--run", "json"]);
    expect(err).toBe("");
    expect(out).toBe(text("json/log.jsonl"));
  });
});

describe("bptt resume", () => {
  it.each([
    ["at its end", () => undefined],
    [
      "with half a line in its log",
      (run: string) => {
        appendFileSync(place.path(`${run}/log.jsonl`), '{"event":"upda');
      },
    ],
    [
      "with lines in its log that came after the checkpoint",
      (run: string) => {
        appendFileSync(place.path(`${run}/log.jsonl`), '{"event":"look","step":1}\n');
      },
    ],
    [
      "before its first checkpoint",
      (run: string) => {
        rmSync(place.path(`${run}/checkpoint.safetensors`));
        truncateSync(place.path(`${run}/log.jsonl`), 1000);
      },
    ],
    [
      "with nothing but its configuration",
      (run: string) => {
        for (const name of readdirSync(place.path(run)))
          if (name !== "config.json") rmSync(place.path(`${run}/${name}`));
      },
    ],
  ])("goes on with a run that was ended %s", (name, spoil) => {
    const run = name.replaceAll(/[^a-z]/g, "-");
    cpSync(place.path("whole"), place.path(run), { recursive: true });
    spoil(run);
    expect(place.run(["resume", run]).code).toBe(0);
    expectWhole(run);
  });

  // Windows has no signals to send.
  it.skipIf(process.platform === "win32").each(["SIGKILL", "SIGINT"] as const)(
    "goes on after %s",
    async (signal) => {
      const run = `after-${signal}`;
      const child = place.start([...words, "--run", run]);
      const ended = once(child, "close");
      const log = place.path(`${run}/log.jsonl`);
      while (!existsSync(log) || statSync(log).size < 3000) await sleep(5);
      child.kill(signal);
      child.stdout?.resume();
      await ended;
      renameSync(place.path(run), place.path(`${run}-moved`));
      const { code, out } = place.run(["resume", `${run}-moved`]);
      expect(code).toBe(0);
      expect(out).toMatch(/^Goes on after step \d+\.$|^gru/m);
      expectWhole(`${run}-moved`);
    },
  );

  it("refuses a run that another process trains", async () => {
    const child = place.start(["train", "text.txt", ...small, "--minutes", "5", "--run", "busy"]);
    const ended = once(child, "close");
    child.stdout?.resume();
    const log = place.path("busy/log.jsonl");
    while (!existsSync(log) || statSync(log).size < 1000) await sleep(5);
    const { code, err } = place.run(["resume", "busy"]);
    child.kill("SIGKILL");
    await ended;
    expect(err).toMatch(new RegExp(`^bptt: process ${child.pid ?? ""} is training there already; `));
    expect(code).toBe(2);
  });

  it("refuses a text that is another now", () => {
    writeFileSync(place.path("changing.txt"), place.text);
    place.run(["train", "changing.txt", ...small, "--steps", "2", "--run", "changed"]);
    writeFileSync(place.path("changing.txt"), `${place.text}!`);
    const { code, err } = place.run(["resume", "changed"]);
    expect(err).toMatch(/changing\.txt is not what it was when the run began/);
    expect(code).toBe(2);
  });

  it("refuses a checkpoint of another program", () => {
    cpSync(place.path("whole"), place.path("foreign"), { recursive: true });
    cpSync(place.path("whole/last.safetensors"), place.path("foreign/checkpoint.safetensors"));
    const { code, err } = place.run(["resume", "foreign"]);
    expect(err).toMatch(/foreign\/checkpoint\.safetensors is no checkpoint of a run/);
    expect(code).toBe(2);
  });

  it("keeps the minutes of a run together", () => {
    place.run(["train", "text.txt", ...small, "--minutes", "0.01", "--run", "timed"]);
    const before = course("timed").filter((event) => event.includes('"update"')).length;
    expect(place.run(["resume", "timed"]).code).toBe(0);
    expect(course("timed").filter((event) => event.includes('"update"')).length).toBe(before);
  });
});

describe("bptt info", () => {
  it("says what a model is", () => {
    const { code, out } = place.run(["info", "whole/best.safetensors"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^whole\/best\.safetensors: \d+ kB, 2,684 parameters$/m);
    expect(out).toMatch(/^cell +gru$/m);
    expect(out).toMatch(/^head\.weight +\[28, 16\]$/m);
    expect(out).toMatch(/^training +\{"steps":\d+,"heldOut":/m);
    const json = JSON.parse(place.run(["info", "whole/best.safetensors", "--json"]).out) as object;
    expect(json).toMatchObject({ parameters: 2684, options: { cell: "gru", hiddenSize: 16 } });
  });

  it("says how a run stands", () => {
    const { out } = place.run(["info", "whole"]);
    expect(out).toMatch(/^whole: ended, as it was to$/m);
    expect(out).toMatch(/^checkpoint +step 120, epoch \d+, after 0:\d\d$/m);
    expect(out).not.toContain("To go on");
    cpSync(place.path("whole"), place.path("half"), { recursive: true });
    truncateSync(place.path("half/log.jsonl"), 2000);
    expect(place.run(["info", "half"]).out).toMatch(
      /^half: under way, or interrupted$[^]*^To go on: .* resume half$/m,
    );
    const json = JSON.parse(place.run(["info", "whole", "--json"]).out) as object;
    expect(json).toMatchObject({ checkpoint: { step: 120 }, end: { ending: "limit" } });
  });
});
