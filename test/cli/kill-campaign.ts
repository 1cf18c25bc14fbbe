/** Kills trainings at random moments, goes on with them, and compares them with those that nothing interrupted. */

import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseSafetensors } from "../../src/formats/safetensors.js";
import { Random } from "../../src/random.js";
import { lettersCsv } from "./classify/drawn.js";
import { Workplace } from "./program.js";
import { courseOf } from "./run-events.js";

const writing = ["train", "text.txt", "--hidden", "8", "--batch", "2", "--window", "12", "--build", "simd"];
const labelling = ["classify", "letters.csv", "--hidden", "8", "--embedding", "4", "--build", "simd"];

/** Trainings whose memory is of many kinds: states, influence, moments, dropout's counter, cuts, orders, epochs, patience. */
const trainings: readonly (readonly string[])[] = [
  [...writing, "--steps", "150"],
  [...labelling, "--epochs", "25", "--dropout", "0.3", "--layers", "2", "--class-weights", "root"],
  [...writing, "--steps", "120", "--cell", "lstm", "--layers", "2", "--dropout", "0.3", "--embedding", "4"],
  [...writing, "--steps", "120", "--cell", "gru", "--rule", "tbptt", "--k1", "6", "--k2", "12"],
  [...writing, "--steps", "100", "--rule", "uoro"],
  [...writing, "--steps", "100", "--rule", "artbp", "--mean-length", "9"],
  [...writing, "--epochs", "1", "--window", "40", "--cell", "mingru"],
  [...writing, "--steps", "400", "--learning-rate", "0.3", "--schedule", "constant", "--patience", "2"],
];

/** Seconds between checkpoints: after every update, and so rarely that some are killed before the first. */
const intervals = ["0", "0.02", "0.3"];

export interface Campaign {
  /** Processes that a kill ended. */
  kills: number;
  /** Those that ended before it came. */
  spared: number;
  /** Runs that were gone on with to their ends. */
  runs: number;
  /** Kills that left a run without its configuration, without a checkpoint, with half a line in its log, with a temporary file. */
  readonly left: { nothing: number; noCheckpoint: number; halfLine: number; temporary: number };
  /** What was wrong. */
  readonly faults: string[];
}

/** Returns what is torn in a run's folder after a kill. */
function tornFiles(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    if (/^\.bptt-.*\.tmp$/.test(name)) return []; // never read by anyone
    const bytes = readFileSync(join(folder, name));
    try {
      if (name.endsWith(".safetensors")) parseSafetensors(bytes);
      if (name === "config.json") JSON.parse(bytes.toString());
      if (name === "report.html" && !bytes.toString().endsWith("</html>\n")) throw new Error("it has no end");
      if (name === "log.jsonl")
        for (const line of bytes.toString().split("\n").slice(0, -1)) JSON.parse(line);
      return [];
    } catch (error) {
      return [`${name}: ${String(error)}`];
    }
  });
}

/** What is to be the same: the log's events, and the models. */
function outcomeOf(folder: string): string {
  const models = ["best", "last"].map((name) => readFileSync(join(folder, `${name}.safetensors`), "hex"));
  return [...courseOf(join(folder, "log.jsonl")), ...models].join("\n");
}

function noteLeft(folder: string, { left }: Campaign): void {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  if (names.some((name) => name.endsWith(".tmp"))) left.temporary++;
  if (!names.includes("config.json")) left.nothing++;
  else if (!names.includes("checkpoint.safetensors")) left.noCheckpoint++;
  const log = names.includes("log.jsonl") ? readFileSync(join(folder, "log.jsonl"), "utf8") : "";
  if (log !== "" && !log.endsWith("\n")) left.halfLine++;
}

/** Waits for a moment: of a process from its start, or of a training once it is under way. */
async function moment(folder: string, trains: boolean, milliseconds: number): Promise<void> {
  const before = sizeOfLog(folder);
  for (let waited = 0; trains && sizeOfLog(folder) === before && waited < 20_000; waited += 10)
    await sleep(10);
  await sleep(milliseconds);
}

function sizeOfLog(folder: string): number {
  return statSync(join(folder, "log.jsonl"), { throwIfNoEntry: false })?.size ?? 0;
}

/** Kills so many processes; `told` is told how it goes. The moments depend on the seed, and on the machine. */
export async function killTrainings(
  kills: number,
  seed: number,
  told: (campaign: Campaign) => void = () => undefined,
): Promise<Campaign> {
  const place = new Workplace();
  writeFileSync(place.path("letters.csv"), lettersCsv(200));
  const random = new Random(seed);
  const draw = (most: number): number => Math.floor(random.uniform() * most);
  const left = { nothing: 0, noCheckpoint: 0, halfLine: 0, temporary: 0 };
  const campaign: Campaign = { kills: 0, spared: 0, runs: 0, left, faults: [] };
  const references = new Map<number, { readonly outcome: string; readonly milliseconds: number }>();
  const reference = (kind: number): { outcome: string; milliseconds: number } => {
    const known = references.get(kind);
    if (known !== undefined) return known;
    const start = performance.now();
    const { code, err } = place.run([...trainings[kind], "--run", `whole-${kind}`]);
    if (code !== 0) throw new Error(`a training that nothing interrupted ended with ${code}: ${err}`);
    const found = {
      outcome: outcomeOf(place.path(`whole-${kind}`)),
      milliseconds: performance.now() - start,
    };
    references.set(kind, found);
    return found;
  };
  try {
    while (campaign.kills < kills) {
      const kind = campaign.runs % trainings.length;
      const { outcome, milliseconds } = reference(kind);
      const run = `run-${campaign.runs++}`;
      const folder = place.path(run);
      const interval = intervals[draw(intervals.length)];
      const begin = [...trainings[kind], "--checkpoint", interval, "--run", run];
      const next = (): string[] => (existsSync(join(folder, "config.json")) ? ["resume", run] : begin);
      const planned = Math.min(1 + draw(4), kills - campaign.kills);
      for (let i = 0; i < planned; i++) {
        const child = place.start(next());
        child.stdout?.resume();
        child.stderr?.resume();
        const ended = once(child, "close");
        await Promise.race([ended, moment(folder, random.uniform() < 0.75, random.uniform() * milliseconds)]);
        child.kill("SIGKILL");
        const [, signal] = (await ended) as [number | null, string | null];
        if (signal !== "SIGKILL") {
          campaign.spared++;
          continue;
        }
        campaign.kills++;
        noteLeft(folder, campaign);
        if (existsSync(folder)) campaign.faults.push(...tornFiles(folder).map((fault) => `${run}/${fault}`));
      }
      const { code, err } = place.run(next());
      const names = code === 0 ? readdirSync(folder).sort().join(" ") : "";
      if (code !== 0) campaign.faults.push(`${run}: going on ended with ${code}: ${err}`);
      else if (outcomeOf(folder) !== outcome)
        campaign.faults.push(`${run}: not the training that nothing interrupted: ${begin.join(" ")}`);
      else if (
        names !==
        readdirSync(place.path(`whole-${kind}`))
          .sort()
          .join(" ")
      )
        campaign.faults.push(`${run}: it has ${names}`);
      rmSync(folder, { recursive: true, force: true });
      told(campaign);
    }
    return campaign;
  } finally {
    place.dispose();
  }
}
