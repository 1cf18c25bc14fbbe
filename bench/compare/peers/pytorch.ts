/**
 * PyTorch on one thread, in Python processes beside this one that answer line by line. Its matrix products are OpenBLAS's,
 * which picks its kernels by the processor and picks badly on some: each choice is tried, as are variants of the program,
 * and each work is timed with the fastest.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { LEARNING_RATE } from "../ours.js";
import { sizesOf, tokensOf, valuesOf, type Job, type Open, type Subject } from "../subject.js";

const script = join(import.meta.dirname, "..", "pytorch.py");
/** `COMPARE_PYTHON` names another; Debian's packages belong to /usr/bin/python3. */
const candidates = [process.env["COMPARE_PYTHON"], "/usr/bin/python3", "python3"].filter(
  (path) => path !== undefined,
);
/** Undefined: OpenBLAS's own choice. */
const coreTypes = [undefined, "SKYLAKEX", "COOPERLAKE", "ZEN", "HASWELL"] as const;
/** Milliseconds over which a variant is tried. */
const TRIAL = 300;

type Reply = Readonly<Record<string, unknown>>;

/** A Python process; one question at a time. */
class Worker {
  private readonly child: ChildProcess;
  private waiting: ((reply: Reply | Error) => void) | undefined;
  private complaints = "";

  constructor(
    python: string,
    readonly coreType: string | undefined,
  ) {
    const own = { OPENBLAS_CORETYPE: coreType, OPENBLAS_L2_SIZE: undefined };
    const env = { ...process.env, ...own, OPENBLAS_NUM_THREADS: "1", OMP_NUM_THREADS: "1" };
    this.child = spawn(python, [script], {
      env,
      stdio: ["pipe", "pipe", "pipe"],
    });
    const { stdout, stderr } = this.child;
    if (stdout === null || stderr === null) throw new Error("no pipes");
    createInterface(stdout).on("line", (line) => {
      this.settle(JSON.parse(line) as Reply);
    });
    stderr.on("data", (data: Buffer) => (this.complaints += data.toString()));
    this.child.on("close", () => {
      this.settle(new Error(`Python ended: ${this.complaints.trim().split("\n").at(-1) ?? ""}`));
    });
    this.child.stdin?.on("error", () => undefined);
  }

  private settle(reply: Reply | Error): void {
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.(reply);
  }

  async ask(question: object): Promise<Reply> {
    const reply = await new Promise<Reply | Error>((resolve) => {
      this.waiting = resolve;
      this.child.stdin?.write(`${JSON.stringify(question)}\n`);
    });
    if (reply instanceof Error) throw reply;
    if (typeof reply["error"] === "string") throw new Error(reply["error"]);
    return reply;
  }

  async milliseconds(steps: number): Promise<number> {
    return Number((await this.ask({ steps }))["milliseconds"]);
  }

  async result(): Promise<number[]> {
    return (await this.ask({ result: true }))["result"] as number[];
  }

  end(): void {
    this.child.kill();
  }
}

/** What Python is told of a job; the weights lie in a file. */
function describe(job: Job, folder: string): object {
  const { cell, H, B, T, L, I, O, values } = sizesOf(job);
  const weights = join(folder, `${job.name}.f32`);
  const all = [...job.weights.values()].flatMap((array) => Array.from(array));
  writeFileSync(weights, new Uint8Array(Float32Array.from(all).buffer));
  const sizes = { cell, H, B, T, L, I, O, rate: LEARNING_RATE, kind: job.task.kind };
  const common = { ...sizes, weights, names: [...job.weights.keys()] };
  if (values !== undefined) {
    const own = valuesOf(job);
    return { ...common, values: Array.from(own.values), last: Array.from(own.last) };
  }
  const { tokens, classes } = tokensOf(job);
  return { ...common, tokens: Array.from(tokens), classes: Array.from(classes) };
}

/** Milliseconds of a step, from short to long trials. */
async function tried(worker: Worker): Promise<number> {
  let best = Infinity;
  const start = performance.now();
  await worker.milliseconds(1);
  do best = Math.min(best, await worker.milliseconds(1));
  while (performance.now() - start < TRIAL);
  return best;
}

function variantsOf({ task: { kind, size } }: Job): string[] {
  const tokens = size.values === undefined && (size.layers ?? 1) === 1 && kind !== "one streaming step";
  const gathered = tokens ? ["gathered"] : [];
  return kind === "training step" ? ["plain Adam", "foreach Adam", ...gathered] : ["one-hot", ...gathered];
}

async function fastest(workers: readonly Worker[], job: Job, description: object) {
  let best: { worker: Worker; variant: string; milliseconds: number } | undefined;
  for (const worker of workers)
    for (const variant of variantsOf(job)) {
      await worker.ask({ open: description, variant });
      const milliseconds = await tried(worker);
      if (best === undefined || milliseconds < best.milliseconds) best = { worker, variant, milliseconds };
    }
  if (best === undefined) throw new Error("no Python process");
  await best.worker.ask({ open: description, variant: best.variant });
  return best;
}

async function open(workers: readonly Worker[], folder: string, job: Job): Promise<Subject> {
  const { worker, variant } = await fastest(workers, job, describe(job, folder));
  let result: number[] = [];
  const step = async (): Promise<number | undefined> => {
    result = await worker.result();
    return job.task.kind === "training step" ? result[0] : undefined;
  };
  return {
    step,
    outputs: () => Float32Array.from(result),
    time: (repeats) => worker.milliseconds(repeats),
    note: `OPENBLAS_CORETYPE ${worker.coreType ?? "unset"}, ${variant}`,
  };
}

export function load(): Open {
  const python = candidates.find((path) => spawnSync(path, ["-c", "import torch"]).status === 0);
  if (python === undefined)
    throw new Error("no Python here has torch (Debian: apt-get install python3-torch libopenblas0)");
  const workers = coreTypes.map((coreType) => new Worker(python, coreType));
  const folder = mkdtempSync(join(tmpdir(), "bptt-compare-"));
  process.once("exit", () => {
    for (const worker of workers) worker.end();
    rmSync(folder, { recursive: true, force: true });
  });
  return (job) => open(workers, folder, job);
}
