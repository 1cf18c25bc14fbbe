/**
 * Measures the playground in Chromium while it trains (`npm run bench:page`): the time that it leaves to the
 * page, its characters a second beside Node's, and its memory.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import { launchChromium } from "../test-engines/chromium.js";
import { buildPlayground, hostPlayground } from "../test-engines/playground-site.js";
import { describeMachine, fixed, formatTable } from "./report.js";

const help = `Usage: npm run bench:page -- [options]

Options:
  --minutes N     of training for the memory's table, default 1; 10 says more
  --rounds N      of Node and Chromium in turns, default 5
  --help

Before: scripts/install-browsers.sh, as root.`;

/** Units of the networks; batch and window are the page's default settings. */
const HIDDEN = [64, 128, 256];
const [BATCH, WINDOW] = [16, 32];
/** Seconds of training for each figure, after two of warming up. */
const SECONDS = 4;

/** Returns a program that trains the same network by `train` and prints the characters a second. */
const nodeProgram = (text: string, hidden: number): string => `
import { adam, CharVocabulary, createNetwork, tbptt, tokenStream, train } from ${JSON.stringify(new URL("../dist/entries/inlined.js", import.meta.url).href)};
const text = ${JSON.stringify(text)};
const vocabulary = CharVocabulary.from(text);
const { size } = vocabulary;
const network = createNetwork({ cell: "lstm", inputSize: size, hiddenSize: ${hidden}, outputSize: size, seed: 1 });
const data = tokenStream(vocabulary.encode(text), { batch: ${BATCH}, window: ${WINDOW} });
const started = performance.now();
const options = { optimizer: adam({ learningRate: 0.005 }), learner: tbptt({ k1: ${WINDOW} }), clipNorm: 5, maxSteps: 1e9 };
let [steps, from] = [0, 0];
for await (const { step, epochEnd } of train(network, data, options)) {
  const seconds = (performance.now() - started) / 1000;
  if (seconds > 2 && from === 0) [steps, from] = [step, seconds];
  if (seconds > ${2 + SECONDS} && !epochEnd) { console.log((step - steps) * ${BATCH * WINDOW} / (seconds - from)); break; }
}`;

function inNode(text: string, hidden: number): number {
  const words = ["--input-type=module", "--eval", nodeProgram(text, hidden)];
  const { stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
  const perSecond = Number(stdout);
  if (!(perSecond > 0)) throw new Error(stderr);
  return perSecond;
}

async function updatesOf(page: Page): Promise<number> {
  return Number((await page.textContent("#step"))?.replace(/\D/g, ""));
}

/** Opens the page and trains for two seconds. */
async function startTraining(page: Page, address: string, hidden: number): Promise<void> {
  await page.goto(`${address}#hidden=${hidden}`);
  await page.reload();
  await page.locator("#run").click();
  await page.waitForTimeout(2000);
}

/**
 * Returns characters a second, by the updates that the page shows, and the milliseconds of each of its main
 * thread's tasks over 50 ms.
 */
async function inPage(
  page: Page,
  address: string,
  hidden: number,
): Promise<{ perSecond: number; longTasks: number[] }> {
  await startTraining(page, address, hidden);
  await page.evaluate(() => {
    const tasks: number[] = [];
    Object.assign(globalThis, { longTasks: tasks });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) tasks.push(duration);
    }).observe({ type: "longtask" });
  });
  const [before, started] = [await updatesOf(page), performance.now()];
  await page.waitForTimeout(SECONDS * 1000);
  const updates = (await updatesOf(page)) - before;
  const perSecond = (updates * BATCH * WINDOW * 1000) / (performance.now() - started);
  const longTasks = await page.evaluate(() => (globalThis as unknown as { longTasks: number[] }).longTasks);
  return { perSecond, longTasks };
}

/** Returns the resident megabytes of the browser's largest renderer. */
function rendererMegabytes(): number {
  const sizes = readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map((entry) => {
      try {
        const command = readFileSync(`/proc/${entry}/cmdline`, "utf8");
        if (!command.includes("--type=renderer")) return 0;
        return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${entry}/status`, "utf8"))?.[1] ?? 0) / 1024;
      } catch {
        return 0; // it ended
      }
    });
  return Math.max(...sizes);
}

async function measureMemory(page: Page, address: string, minutes: number): Promise<string> {
  await startTraining(page, address, 128);
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const rows = [["minute", "updates", "resident MB", "page's heap MB"]];
  for (let tenth = 0; tenth <= 10; tenth++) {
    if (tenth > 0) await page.waitForTimeout(minutes * 6000);
    await session.send("HeapProfiler.collectGarbage");
    const { metrics } = await session.send("Performance.getMetrics");
    const heap = metrics.find(({ name }) => name === "JSHeapUsedSize")?.value ?? NaN;
    const row = [fixed((minutes * tenth) / 10, 1), String(await updatesOf(page))];
    rows.push([...row, fixed(rendererMegabytes(), 1), fixed(heap / 1e6, 2)]);
    console.error(rows.at(-1)?.join("  "));
  }
  const [head, ...body] = rows;
  return formatTable({ title: `Memory over ${minutes} minutes, LSTM 128`, columns: head, rows: body });
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];

async function run(minutes: number, rounds: number): Promise<void> {
  buildPlayground();
  const host = hostPlayground();
  const browser = await launchChromium();
  try {
    const address = await host.listen();
    const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
    const rows: string[][] = [];
    for (const hidden of HIDDEN) {
      const [node, chromium, long]: [number[], number[], number[]] = [[], [], []];
      for (let round = 0; round < rounds; round++) {
        await page.goto("about:blank");
        await page.goto(address);
        const text = await page.inputValue("#text");
        await page.goto("about:blank");
        node.push(inNode(text, hidden));
        const { perSecond, longTasks } = await inPage(page, address, hidden);
        chromium.push(perSecond);
        long.push(...longTasks);
        console.error(
          `LSTM ${hidden}: Node ${node[round].toFixed(0)}, Chromium ${perSecond.toFixed(0)}, ${longTasks.length} long tasks`,
        );
      }
      const ratio = median(chromium.map((value, i) => value / node[i]));
      rows.push([
        `LSTM ${hidden}`,
        fixed(median(node), 0),
        fixed(median(chromium), 0),
        `${fixed(100 * ratio, 0)} %`,
        long.length === 0 ? "none" : `${long.length}, at most ${fixed(Math.max(...long), 0)} ms`,
      ]);
    }
    const { cpu, node, date } = describeMachine();
    console.log(`${cpu}, Node ${node}, Chromium ${browser.version()}, ${date}\n`);
    const columns = [
      "network",
      "Node, characters/s",
      "Chromium",
      "of Node's",
      "tasks over 50 ms on the main thread",
    ];
    console.log(formatTable({ title: "Training in the page", columns, rows }));
    console.log(`\n${await measureMemory(page, address, minutes)}`);
  } finally {
    await browser.close();
    host.close();
  }
}

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    rounds: { type: "string", default: "5" },
    help: { type: "boolean", default: false },
  },
});
if (values.help) console.log(help);
else await run(Number(values.minutes), Number(values.rounds));
