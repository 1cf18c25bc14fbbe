/**
 * Keeps the kernel calls of a pass that is made again and again over the same memory: what leads to them, regions and pointers, takes
 * longer than the kernels of a small network's step.
 */

import type { Engine } from "../../memory/engine.js";
import type { Kernels } from "../../wasm/kernels.js";

type Kernel = (...args: readonly (number | boolean)[]) => unknown;

export interface KeptCall {
  readonly kernel: Kernel;
  readonly args: readonly (number | boolean)[];
}

export class KeptCalls {
  /** Its kernels are kept as they are called. */
  readonly recorder: Engine;
  /** Those of the latest pass, in order. */
  calls: KeptCall[] = [];
  /** Of the parameters, that the calls were kept for: with others, packed weights are made anew first. */
  private version = -1;

  constructor(engine: Engine) {
    const recording = Object.entries(engine.kernels).map(([name, kernel]: [string, Kernel]) => [
      name,
      (...args: KeptCall["args"]) => {
        this.calls.push({ kernel, args });
        return kernel(...args);
      },
    ]);
    this.recorder = { ...engine, kernels: Object.fromEntries(recording) as Kernels };
  }

  /** Makes the calls that `pass` makes of an engine's kernels: as they were kept, or for parameters of another version by itself. */
  run(version: number, pass: (engine: Engine) => void): void {
    if (this.version === version) {
      for (const { kernel, args } of this.calls) kernel(...args);
      return;
    }
    this.version = -1;
    this.calls = [];
    pass(this.recorder);
    this.version = version;
  }
}
