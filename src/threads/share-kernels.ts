/** Which kernels threads share: their work is divided by what they write, never by what they sum up, so that the bits stay. */

import type { Kernels } from "../wasm/kernels.js";
import { Call, placeOf } from "./call.js";
import type { Crew } from "./cost.js";
import { divideProduct, divideTransposed } from "./divide-products.js";
import { divideForward, divideOther, windowOperations, windowShapes } from "./divide-windows.js";
import type { KernelName, Part, Round } from "./team.js";

/** How a kernel's work is divided, where it is so much. */
interface Division {
  /** Returns the operations of a call. */
  readonly operations: (args: Part) => number;
  readonly divide: (call: Call, crew: Crew) => Iterable<Round>;
}

function productOperations(kernel: "gemm" | "gemmTN"): (args: Part) => number {
  const [M, N, K] = (["M", "N", "K"] as const).map((name) => placeOf(kernel, name));
  return (args) => 2 * Number(args[M]) * Number(args[N]) * Number(args[K]);
}

function divisions(): Partial<Record<KernelName, Division>> {
  const found: Partial<Record<KernelName, Division>> = {
    gemm: { operations: productOperations("gemm"), divide: divideProduct },
    gemmTN: { operations: productOperations("gemmTN"), divide: divideTransposed },
  };
  for (const cell of Object.keys(windowShapes) as (keyof typeof windowShapes)[]) {
    const shape = windowShapes[cell];
    for (const way of ["Forward", "Backward", "Tangent"] as const) {
      const kernel = `${cell}${way}` as const;
      const divide = way === "Forward" ? divideForward(shape) : divideOther(shape);
      found[kernel] = { operations: windowOperations(kernel, shape), divide };
    }
  }
  return found;
}

/** Calls whose rounds are kept, of each kernel: of some layers' windows, there and back. */
const CALLS = 8;
/** The most rounds that are kept of a call: each takes half a kilobyte. */
const ROUNDS = 4096;

/** Keeps how the latest calls of a kernel are divided: the same ones come again with each step. */
class Plans {
  private readonly calls: Part[] = [];
  private readonly rounds: (readonly Round[])[] = [];
  private oldest = 0;

  find(args: Part): readonly Round[] | undefined {
    const { calls } = this;
    for (let i = 0; i < calls.length; i++) if (areAlike(calls[i], args)) return this.rounds[i];
    return undefined;
  }

  keep(args: Part, rounds: readonly Round[]): void {
    this.calls[this.oldest] = args;
    this.rounds[this.oldest] = rounds;
    this.oldest = (this.oldest + 1) % CALLS;
  }
}

function areAlike(one: Part, other: Part): boolean {
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}

/**
 * Returns kernels of which those that threads can share are divided for the crew; `run` makes a round's calls. What is too little for
 * two, or comes while nobody is `available`, is called as it is.
 */
export function shareKernels(
  kernels: Kernels,
  crew: Crew,
  available: () => boolean,
  run: (round: Round) => void,
): Kernels {
  const shared = Object.entries(divisions()).map(([given, { operations, divide }]) => {
    const name = given as KernelName;
    const kernel = kernels[name] as (...args: Part) => unknown;
    const plans = new Plans();
    const share = (args: Part): void => {
      const kept = plans.find(args);
      if (kept !== undefined) {
        for (const round of kept) run(round);
        return;
      }
      const rounds: Round[] = [];
      for (const round of divide(new Call(name, args), crew)) {
        if (rounds.length <= ROUNDS) rounds.push(round);
        run(round);
      }
      if (rounds.length <= ROUNDS) plans.keep(args, rounds);
    };
    return [
      name,
      (...args: Part): unknown => {
        if (operations(args) < 2 * crew.least || !available()) return kernel(...args);
        share(args);
        return undefined;
      },
    ];
  });
  return { ...kernels, ...(Object.fromEntries(shared) as Partial<Kernels>) };
}
