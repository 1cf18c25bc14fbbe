/** Which kernels threads share: their work is divided by what they write, never by what they sum up, so that the bits stay. */

import type { Kernels } from "../wasm/kernels.js";
import { Call, type Round } from "./call.js";
import type { Crew } from "./cost.js";
import { divideProduct, divideTransposed } from "./divide-products.js";
import { divideForward, divideOther, windowShapes } from "./divide-windows.js";
import type { KernelName, Part } from "./team.js";

type Divide = (call: Call, crew: Crew) => readonly Round[];

const divided: Partial<Record<KernelName, Divide>> = { gemm: divideProduct, gemmTN: divideTransposed };
for (const cell of Object.keys(windowShapes) as (keyof typeof windowShapes)[]) {
  divided[`${cell}Forward`] = divideForward(windowShapes[cell]);
  divided[`${cell}Backward`] = divideOther(windowShapes[cell]);
  divided[`${cell}Tangent`] = divideOther(windowShapes[cell]);
}

/** Returns kernels of which those that threads can share are divided for the crew of the moment; `run` makes a round's calls. */
export function shareKernels(kernels: Kernels, crew: () => Crew, run: (round: Round) => void): Kernels {
  const shared = Object.entries(divided).map(([name, divide]) => [
    name,
    (...args: Part) => {
      for (const round of divide(new Call(name as KernelName, args), crew())) run(round);
    },
  ]);
  return { ...kernels, ...(Object.fromEntries(shared) as Partial<Kernels>) };
}
