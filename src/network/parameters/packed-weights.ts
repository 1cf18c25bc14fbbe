/** Packs weights in the order in which the products read them, and keeps them until parameters change. */

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

  /** Plans the packed weights; `pack` fills the region from the parameters' present values. */
  constructor(parameters: Parameters, scope: MemoryScope, shape: Shape, pack: (packed: Region) => void) {
    this.parameters = parameters;
    this.scope = scope;
    this.plan = { packed: shape };
    this.pack = pack;
  }

  /** Elements of the packed weights, padding included. */
  get size(): number {
    return sizeOf(this.plan.packed);
  }

  /** Makes room if there is none yet; throws an OutOfMemoryError. */
  reserve(): Region {
    this.block ??= this.scope.reserve(this.plan);
    return this.block.regions.packed;
  }

  /** Returns the pointer to packed weights that are up to date. After `reserve` it cannot fail. */
  get pointer(): number {
    const packed = this.reserve();
    if (this.version !== this.parameters.version) {
      this.pack(packed);
      this.version = this.parameters.version;
    }
    return packed.pointer;
  }
}
