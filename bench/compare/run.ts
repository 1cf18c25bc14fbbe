/** `npm run bench:compare`: this library beside everything else that trains or runs recurrent networks from JavaScript. */
import { fork } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { format, resolveConfig } from "prettier";
import { describeMachine, fixed, reportPath, saveReport } from "../report.js";
import { taskNames, type TaskName } from "../work.js";
import { clocks, clockVariable } from "./clock.js";
import { peerNames, peers, type PeerName } from "./peers.js";
import type { Comparison, Message, Outcome, Results } from "./results.js";
import type { Peer } from "./subject.js";
import { formatComparison } from "./tables.js";

const help = `Usage: npm run bench:compare -- [options]

Measures W1 to W8 by each peer, in a process of its own, between samples of this library; prints Markdown.

Options:
  --peer NAMES    some of ${peerNames.join(",")}
  --work NAMES    some of ${taskNames.join(",")}; default: all but what takes a peer minutes a step
  --seconds N     for each peer and work, default 8; slow ones take longer, for three samples at least
  --clock NAME    wall, or cpu: the time that the measuring thread ran, for a machine that others use too; default wall
  --json          prints JSON instead of tables
  --save          keeps the figures in bench/results/compare-<cpu>-node<major>.json, peer by peer, beside those there
                  that were not measured this time, and prints all of them
  --from FILE     measures nothing: prints the tables of a file that --save wrote
  --readme        puts the tables into README.md of this folder as well
  --help

Before: npm run build, and npm --prefix bench/compare ci. PyTorch: apt-get install python3-torch libopenblas0.`;

/** A peer that says nothing for so long is ended, milliseconds. */
const PATIENCE = 10 * 60_000;
const prefix = "compare-";
const readme = join(import.meta.dirname, "README.md");
const marks = ["<!-- results: written by --readme -->", "<!-- end of results -->"] as const;

class UsageError extends Error {}

function listOf<Name extends string>(
  option: string,
  given: string | undefined,
  known: readonly Name[],
): readonly Name[] {
  if (given === undefined) return known;
  return given.split(",").map((name) => {
    const found = known.find((one) => one === name);
    if (found === undefined)
      throw new UsageError(`"--${option}" expected some of ${known.join(",")}, got "${given}"`);
    return found;
  });
}

function readWish(args: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const options = {
    peer: text,
    work: text,
    clock: text,
    seconds: text,
    json: flag,
    save: flag,
    from: text,
    readme: flag,
    help: flag,
  };
  let values;
  try {
    ({ values } = parseArgs({ args: [...args], options }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const seconds = Number(values.seconds ?? 8);
  if (!(seconds > 0))
    throw new UsageError(`"--seconds" expected a number above 0, got "${values.seconds ?? ""}"`);
  return {
    ...values,
    peers: listOf("peer", values.peer, peerNames),
    work: listOf("work", values.work, taskNames),
    clock: listOf("clock", values.clock, clocks)[0],
    /** Slow work only where it is asked for. */
    patient: values.work !== undefined,
    milliseconds: 1000 * seconds,
  };
}

type Wish = ReturnType<typeof readWish>;

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** What the peer does not do, and why. */
function refusals(peer: Peer, { work, patient }: Wish): Partial<Record<TaskName, Outcome>> {
  const reasons = work.map((name): [TaskName, Outcome] | undefined => {
    const cannot = peer.cannot?.[name];
    if (cannot !== undefined) return [name, { failure: `not done: ${cannot}` }];
    if (!patient && peer.slow?.includes(name))
      return [name, { failure: `not done: takes minutes (--work ${name} does it)` }];
    return undefined;
  });
  return Object.fromEntries(reasons.filter((reason) => reason !== undefined));
}

/** Node 20 and 21 have relaxed SIMD behind a flag that later versions refuse. */
const flags = Number(process.versions.node.split(".")[0]) < 22 ? ["--experimental-wasm-relaxed-simd"] : [];

function measurePeer(name: PeerName, work: readonly TaskName[], { milliseconds, clock }: Wish) {
  const outcomes: Partial<Record<TaskName, Outcome>> = {};
  const child = fork(join(import.meta.dirname, "child.ts"), [name, work.join(","), String(milliseconds)], {
    execArgv: [...process.execArgv, ...flags, "--expose-gc"],
    env: { ...process.env, [clockVariable]: clock },
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let complaints = "";
  child.stderr?.on("data", (data: Buffer) => (complaints = (complaints + data.toString()).slice(-2000)));
  return new Promise<typeof outcomes>((resolve) => {
    const end = (): void => void child.kill("SIGKILL");
    let timer = setTimeout(end, PATIENCE);
    child.on("message", (message: Message) => {
      clearTimeout(timer);
      timer = setTimeout(end, PATIENCE);
      if ("begun" in message) return;
      const outcome = "result" in message ? message.result : { failure: message.failure };
      outcomes[message.work] = outcome;
      report(name, message.work, outcome);
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const last = complaints.trim().split("\n").at(-1) ?? "";
      for (const missing of work.filter((one) => outcomes[one] === undefined)) {
        outcomes[missing] = {
          failure: `its process ended (${signal ?? code ?? "?"}): ${last.slice(0, 200)}`,
        };
        report(name, missing, outcomes[missing]);
      }
      resolve(outcomes);
    });
  });
}

function report(name: PeerName, work: TaskName, outcome: Outcome): void {
  if ("failure" in outcome) {
    say(`${name} ${work}: ${outcome.failure}`);
    return;
  }
  const ratios = Object.entries(outcome.ratios).map(([build, ratio]) => `${fixed(ratio, 2)} × ${build}`);
  say(
    `${name} ${work}: ${outcome.milliseconds.toPrecision(3)} ms, ${ratios.join(", ")} (±${fixed(100 * outcome.spread, 0)} %, ${outcome.rounds} rounds)`,
  );
}

const machine = describeMachine();

/** What was saved on this machine before. */
function saved(): Results {
  const path = reportPath(machine, prefix);
  return existsSync(path) ? readComparison(path).results : {};
}

async function measureAll(wish: Wish): Promise<Comparison> {
  const results: Results = wish.save ? saved() : {};
  const comparison: Comparison = { machine, results };
  const start = performance.now();
  for (const [i, name] of wish.peers.entries()) {
    const minutes = fixed((performance.now() - start) / 60_000, 1);
    say(`── ${peers[name].title} (${i + 1} of ${wish.peers.length}, after ${minutes} min)`);
    const refused = refusals(peers[name], wish);
    const left = wish.work.filter((work) => refused[work] === undefined);
    const done = left.length === 0 ? {} : await measurePeer(name, left, wish);
    results[name] = { ...results[name], ...refused, ...done };
    if (wish.save) await saveReport(comparison, prefix);
  }
  return comparison;
}

function readComparison(path: string): Comparison {
  if (!existsSync(path)) throw new UsageError(`"--from" expected a file, got "${path}", which is not there`);
  return JSON.parse(readFileSync(path, "utf8")) as Comparison;
}

async function writeReadme(tables: string): Promise<void> {
  const text = readFileSync(readme, "utf8");
  const from = text.indexOf(marks[0]);
  const to = text.indexOf(marks[1]);
  if (from < 0 || to < from) throw new Error(`README.md lacks the lines ${marks.join(" and ")}`);
  const whole = `${text.slice(0, from)}${marks[0]}\n\n${tables}\n${text.slice(to)}`;
  writeFileSync(readme, await format(whole, { ...(await resolveConfig(readme)), filepath: readme }));
}

async function main(): Promise<void> {
  try {
    const wish = readWish(process.argv.slice(2));
    if (wish.help) {
      console.log(help);
      return;
    }
    const comparison = wish.from === undefined ? await measureAll(wish) : readComparison(wish.from);
    const tables = formatComparison(comparison);
    console.log(wish.json ? JSON.stringify(comparison, null, 2) : tables);
    if (wish.save) say(`Saved ${reportPath(machine, prefix)}`);
    if (wish.readme) await writeReadme(tables);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${help}`);
    process.exitCode = 2;
  }
}

await main();
