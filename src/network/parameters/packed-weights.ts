/** What is derived from parameters, and kept until they change: weights in the order that the products read them. */

import type { Block } from "../../memory/arena.js";
import type { MemoryScope } from "../../memory/memory-scope.js";
import { sizeOf, type Region, type Shape } from "../../memory/regions.js";
import type { Parameters } from "./parameters.js";

export class PackedWeights {
  private readonly parameters: Parameters;
  private readonly scope: MemoryScope;
  private readonly plan: { readonly packed: Shape };
  private readonly pack: (packed: Region) => void;
  private block: Block<{ packed: Shape }> | undefined;
  private version = -1;

  /** `pack` derives the contents of the region from the parameters as they are. */
  constructor(parameters: Parameters, scope: MemoryScope, shape: Shape, pack: (packed: Region) => void) {
    this.parameters = parameters;
    this.scope = scope;
    this.plan = { packed: shape };
    this.pack = pack;
  }

  /** Elements. */
  get size(): number {
    return sizeOf(this.plan.packed);
  }

  /** Makes room, if there is none yet; throws an OutOfMemoryError. */
  reserve(): Region {
    this.block ??= this.scope.reserve(this.plan);
    return this.block.regions.packed;
  }

  /** The pointer to contents that are up to date. After `reserve` it cannot fail. */
  get pointer(): number {
    const packed = this.reserve();
    if (this.version !== this.parameters.version) {
      this.pack(packed);
      this.version = this.parameters.version;
    }
    return packed.pointer;
  }
}
