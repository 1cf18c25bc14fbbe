// Which step comes when, and where its state lies, in windows of T steps and T + 1 slots of states, either way through time.

export class Steps {
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

  /** Moves one to the other: before += after, after = 0: what goes back through a step that left the state as it was. */
  static passBack(before: usize, after: usize, bytes: usize): void {
    for (let n: usize = 0; n < bytes; n += 16) {
      v128.store(before + n, f32x4.add(v128.load(before + n), v128.load(after + n)));
    }
    memory.fill(after, 0, bytes);
  }
}
