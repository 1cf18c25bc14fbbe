/** Numbers the symbols of sequences, with a number for all that were not seen. */

/** Numbers symbols from 0, in their order; the number behind the last stands for every other symbol. */
export class SymbolTable {
  readonly symbols: readonly string[];
  /** How many numbers there are: one more than symbols. */
  readonly size: number;
  private readonly numbers: ReadonlyMap<string, number>;

  /** Takes distinct symbols. */
  constructor(symbols: readonly string[]) {
    this.symbols = symbols;
    this.size = symbols.length + 1;
    this.numbers = new Map(symbols.map((symbol, i) => [symbol, i]));
  }

  /**
   * Makes the table of the symbols that occur at least twice, so that what the others share is learned of those that occur
   * once; of all symbols where none occurs twice.
   */
  static of(sequences: Iterable<readonly string[]>): SymbolTable {
    const counts = new Map<string, number>();
    for (const sequence of sequences)
      for (const symbol of sequence) counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
    const twice = [...counts].filter(([, count]) => count > 1).map(([symbol]) => symbol);
    return new SymbolTable((twice.length > 0 ? twice : [...counts.keys()]).sort());
  }

  encode(symbols: readonly string[]): Int32Array {
    return Int32Array.from(symbols, (symbol) => this.numbers.get(symbol) ?? this.symbols.length);
  }
}
