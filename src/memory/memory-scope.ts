/** Holds the blocks of one owner, such as a network; they go back once it is disposed of or garbage. */

import type { Arena, Block, Shapes } from "./arena.js";

/** Gives back the memory of owners that were garbage-collected without `dispose`. */
const forgotten = new FinalizationRegistry<MemoryScope>((scope) => {
  scope.releaseAll();
});

export class MemoryScope {
  readonly arena: Arena;
  private readonly parent: MemoryScope | undefined;
  private readonly blocks = new Set<Block>();
  private readonly children = new Set<MemoryScope>();

  constructor(arena: Arena, parent?: MemoryScope) {
    this.arena = arena;
    this.parent = parent;
  }

  /** Opens a scope within this one, whose blocks go back at the latest with this one's. */
  child(): MemoryScope {
    const child = new MemoryScope(this.arena, this);
    this.children.add(child);
    return child;
  }

  /** Reserves a block; throws an OutOfMemoryError, nothing changed, when there is no room. */
  reserve<Plan extends Shapes>(plan: Plan): Block<Plan> {
    const block = this.arena.reserve(plan);
    this.blocks.add(block);
    return block;
  }

  release(block: Block): void {
    if (this.blocks.delete(block)) this.arena.release(block);
  }

  releaseAll(): void {
    for (const child of [...this.children]) child.releaseAll();
    for (const block of this.blocks) this.arena.release(block);
    this.blocks.clear();
    this.parent?.children.delete(this);
  }

  /** Releases everything once `owner` is garbage; nothing here may refer to it. */
  releaseWith(owner: object): void {
    forgotten.register(owner, this);
  }
}
