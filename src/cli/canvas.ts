/** Draws with the dots of Braille characters, or with stars. */

/** Bits of a Braille character's dots, 4 rows of 2 columns (Unicode, U+2800). */
const BRAILLE = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
];

/** Holds dots, shown as Braille characters or, in ASCII, as a star each. */
export class Canvas {
  readonly columns: number;
  readonly rows: number;
  private readonly ascii: boolean;
  private readonly cells: Uint8Array[];
  private readonly dots: readonly [number, number];

  constructor(width: number, height: number, ascii: boolean) {
    this.ascii = ascii;
    this.dots = ascii ? [1, 1] : [2, 4];
    this.columns = width * this.dots[0];
    this.rows = height * this.dots[1];
    this.cells = Array.from({ length: height }, () => new Uint8Array(width));
  }

  /** Sets the dot at column x and row y, from the top left. */
  set(x: number, y: number): void {
    const [across, down] = this.dots;
    this.cells[Math.floor(y / down)][Math.floor(x / across)] |= BRAILLE[y % down][x % across];
  }

  lines(): string[] {
    return this.cells.map((row) =>
      Array.from(row, (bits) => {
        if (bits === 0) return " ";
        return this.ascii ? "*" : String.fromCharCode(0x2800 + bits);
      })
        .join("")
        .trimEnd(),
    );
  }
}
