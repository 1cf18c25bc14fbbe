// What kernels take for granted of their arguments, for the debug build to assert. In the other builds each call is the
// constant true, and nothing is left of it. Sizes are in elements.
import { Constant } from "./math";

export class Check {
  /** Whether `count` elements may be read and written there as whole vectors. */
  @inline static vectors(pointer: usize, count: usize): bool {
    return ASC_NO_ASSERT || (Check.aligned(pointer, 16) && count % 4 == 0 && Check.within(pointer, count));
  }

  /** Whether `count` elements may be read and written there one by one. */
  @inline static elements(pointer: usize, count: usize): bool {
    return ASC_NO_ASSERT || (Check.aligned(pointer, 4) && Check.within(pointer, count));
  }

  /** Whether rows may be read and written there as whole vectors. */
  @inline static rows(pointer: usize, rows: usize, columns: usize, stride: usize): bool {
    return (
      ASC_NO_ASSERT ||
      (Check.aligned(pointer, 16) && stride % 4 == 0 && Check.span(pointer, rows, columns, stride))
    );
  }

  /** Whether rows may be read and written there by elements, or by vectors that begin anywhere. */
  @inline static table(pointer: usize, rows: usize, columns: usize, stride: usize): bool {
    return ASC_NO_ASSERT || (Check.aligned(pointer, 4) && Check.span(pointer, rows, columns, stride));
  }

  /** Whether `size` is a multiple of `step`. */
  @inline static multiple(size: usize, step: usize): bool {
    return ASC_NO_ASSERT || size % step == 0;
  }

  /** Whether `size` is not below `least`. */
  @inline static atLeast(size: usize, least: usize): bool {
    return ASC_NO_ASSERT || size >= least;
  }

  /** Returns whether the table of constants lies there: one of its values tells. */
  @inline static constants(pointer: usize): bool {
    return (
      ASC_NO_ASSERT ||
      (Check.elements(pointer, Constant.one / 4 + 1) && f32.load(pointer + Constant.one) == 1)
    );
  }

  /** Returns the rows from the first to the last of B in each of `slots` slots, which are S rows apart. */
  @inline static slots(slots: usize, B: usize, S: usize): usize {
    return (slots - 1) * S + B;
  }

  /** Whether a cell's window is there: T + 1 slots of states, their lengths or 0, a cache line for the beat or 0, and constants. */
  @inline static window(
    states: usize,
    lengths: usize,
    beat: usize,
    constants: usize,
    T: usize,
    B: usize,
    S: usize,
    stride: usize,
  ): bool {
    return (
      ASC_NO_ASSERT ||
      (stride > 0 &&
        stride % 8 == 0 &&
        B <= S &&
        Check.vectors(states, Check.slots(T + 1, B, S) * stride) &&
        (lengths == 0 || Check.elements(lengths, B)) &&
        (beat == 0 || Check.elements(beat, 16)) &&
        Check.constants(constants))
    );
  }

  /** Whether the bytes that say where sequences begin anew are there, or none, and what the kernels then hold aside. */
  @inline static resets(resets: usize, held: usize, T: usize, B: usize, S: usize, stride: usize): bool {
    return (
      ASC_NO_ASSERT ||
      resets == 0 ||
      (Check.bytes(resets, Check.slots(T, B, S)) && Check.vectors(held, (B + 2) * stride))
    );
  }

  /** Whether `count` bytes may be read there. */
  @inline static bytes(pointer: usize, count: usize): bool {
    return ASC_NO_ASSERT || (pointer != 0 && <u64>pointer + count <= (<u64>memory.size()) << 16);
  }

  private static aligned(pointer: usize, to: usize): bool {
    return pointer != 0 && pointer % to == 0;
  }

  /** Whether `count` elements end before memory does. */
  private static within(pointer: usize, count: u64): bool {
    return <u64>pointer + 4 * count <= (<u64>memory.size()) << 16;
  }

  private static span(pointer: usize, rows: u64, columns: u64, stride: u64): bool {
    return columns <= stride && (rows == 0 || Check.within(pointer, (rows - 1) * stride + columns));
  }
}
