// Which step comes when, and where its state lies, in windows of T steps and T + 1 slots of states, either way through time. Slots are S
// rows apart, of which a kernel works on B that lie side by side: all of them, or one thread's.

export class Steps {
  /** Says to other threads that the loop goes on, by a number that changes; `beat`: 4 bytes, or 0: nobody looks. */
  @inline static beat(beat: usize, i: usize): void {
    if (beat != 0) i32.store(beat, <i32>i);
  }

  /** Returns the time of the i-th step taken. */
  @inline static time(i: usize, T: usize, reverse: bool): usize {
    return reverse ? T - 1 - i : i;
  }

  /** Returns the slot of the state that step t starts from: forwards slot 0 holds the initial state, in reverse slot T. */
  @inline static before(t: usize, reverse: bool): usize {
    return reverse ? t + 1 : t;
  }

  /** Returns the slot of the state that step t arrives at. */
  @inline static after(t: usize, reverse: bool): usize {
    return reverse ? t : t + 1;
  }

  /** Returns whether time t lies past the length of sequence b; `lengths` 0: never. */
  @inline static past(lengths: usize, b: usize, t: usize): bool {
    return lengths != 0 && t >= <usize>i32.load(lengths + b * 4);
  }

  /** Returns whether sequence b begins anew at step t: a byte of rows S apart; `resets` 0: never. */
  @inline static anew(resets: usize, b: usize, t: usize, S: usize): bool {
    return resets != 0 && load<u8>(resets + t * S + b) != 0;
  }

  /** Returns whether any of B sequences begins anew at step t: eight bytes at a time, since most steps have none. */
  static anyAnew(resets: usize, t: usize, B: usize, S: usize): bool {
    if (resets == 0) return false;
    const first = resets + t * S;
    let b: usize = 0;
    for (; b + 8 <= B; b += 8) if (load<u64>(first + b) != 0) return true;
    for (; b < B; b++) if (load<u8>(first + b) != 0) return true;
    return false;
  }

  /**
   * Returns where the B rows lie from which step t starts: the slot itself, or, where some sequences begin anew, a copy in
   * `held` that has zeros for these: the slot is also what the step before said.
   */
  static start(slot: usize, held: usize, resets: usize, t: usize, B: usize, S: usize, bytes: usize): usize {
    if (!Steps.anyAnew(resets, t, B, S)) return slot;
    memory.copy(held, slot, B * bytes);
    for (let b: usize = 0; b < B; b++) {
      if (Steps.anew(resets, b, t, S)) memory.fill(held + b * bytes, 0, bytes);
    }
    return held;
  }

  /** Returns a row of zeros behind the B rows of `held`, and a second one, which may be written; nothing without `resets`. */
  @inline static zeros(held: usize, resets: usize, B: usize, bytes: usize): usize {
    if (resets == 0) return 0;
    memory.fill(held + B * bytes, 0, 2 * bytes);
    return held + B * bytes;
  }

  /**
   * Copies the rows of those sequences that begin anew at step t, so that what a step adds to the gradients of the one
   * before, where they lie, can be undone: nothing passes back.
   */
  static copyAnew(to: usize, from: usize, resets: usize, t: usize, B: usize, S: usize, bytes: usize): void {
    if (!Steps.anyAnew(resets, t, B, S)) return;
    for (let b: usize = 0; b < B; b++) {
      if (Steps.anew(resets, b, t, S)) memory.copy(to + b * bytes, from + b * bytes, bytes);
    }
  }

  /** Moves one to the other: before += after, after = 0: what goes back through a step that left the state as it was. */
  static passBack(before: usize, after: usize, bytes: usize): void {
    for (let n: usize = 0; n < bytes; n += 16) {
      v128.store(before + n, f32x4.add(v128.load(before + n), v128.load(after + n)));
    }
    memory.fill(after, 0, bytes);
  }
}
