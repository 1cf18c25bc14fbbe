/** Turns labelled sequences into what a network learns from, and its classes back into labels. */

import { describe, FormatError } from "../errors.js";
import type { SequenceItem } from "./items.js";
import {
  kindOf,
  requireContent,
  requireLabel,
  type Content,
  type LabelledSequence,
  type SequenceContent,
} from "./labelled-sequences.js";
import { scaled, standardScale, type Scale } from "./scale-columns.js";
import { SymbolTable } from "./symbol-table.js";

/** What is needed to read a kind of sequences. */
type Reading =
  | { readonly kind: "text" | "tokens"; readonly table: SymbolTable }
  | { readonly kind: "values"; readonly scales: readonly Scale[] };

function learnReading(contents: readonly Content[]): Reading {
  const [first] = contents;
  if (first.kind !== "values") {
    const symbols = contents.map((content) => (content.kind === "values" ? [] : content.symbols));
    return { kind: first.kind, table: SymbolTable.of(symbols) };
  }
  const arrays = contents.map((content) => (content.kind === "values" ? content.values : new Float64Array()));
  const scales = Array.from({ length: first.width }, (_, i) => standardScale(arrays, first.width, i));
  return { kind: "values", scales };
}

/** Returns the words for what sequences must be to be read so. */
function expectedOf(reading: Reading): string {
  return reading.kind === "values" ? `${reading.scales.length} values a step` : reading.kind;
}

/**
 * Knows what is needed to read sequences as those that it was made of: of text and tokens which symbols there are, of numbers how
 * they are scaled; and the labels. Symbols that occurred once, or never, are one, the last. Numbers are scaled to a mean of 0 and
 * a standard deviation of 1 over all steps. It is saved as text (`JSON.stringify(codec)`), with the network.
 */
export class SequenceCodec {
  /** All labels, in the order of their UTF-16 units: label i is class i. */
  readonly labels: readonly string[];
  private readonly reading: Reading;
  private readonly classes: ReadonlyMap<string, number>;

  private constructor(labels: readonly string[], reading: Reading) {
    this.labels = labels;
    this.reading = reading;
    this.classes = new Map(labels.map((label, i) => [label, i]));
  }

  /** What the sequences consist of. */
  get kind(): "text" | "tokens" | "values" {
    return this.reading.kind;
  }

  /** A network's `inputSize`: how many symbols there are, or numbers a step. */
  get inputSize(): number {
    return this.reading.kind === "values" ? this.reading.scales.length : this.reading.table.size;
  }

  /**
   * Makes the codec of sequences to learn from. Throws a TypeError or RangeError that names the sequence for one that is not as
   * `LabelledSequence` says or differs from the first in kind or width, and a RangeError for less than two labels.
   */
  static from(sequences: Iterable<LabelledSequence>): SequenceCodec {
    const labels = new Set<string>();
    const contents = Array.from(sequences, (sequence, i) => {
      labels.add(requireLabel(`sequences[${i}]`, sequence));
      return requireContent(`sequences[${i}]`, sequence);
    });
    contents.forEach((content, i) => {
      const [expected, came] = [kindOf(contents[0]), kindOf(content)];
      if (expected !== came)
        throw new RangeError(`"sequences[${i}]" expected ${expected}, as the first, got ${came}`);
    });
    if (labels.size < 2) {
      const came = [...labels].map(describe).join("") || "none";
      throw new RangeError(`"sequences" expected at least two labels, got ${came}`);
    }
    return new SequenceCodec([...labels].sort(), learnReading(contents));
  }

  /**
   * Returns what a network reads of each sequence, for `predict`. Throws a TypeError or RangeError that names the sequence, for
   * another kind or width too.
   */
  inputs(sequences: Iterable<SequenceContent>): SequenceItem["inputs"][] {
    return Array.from(sequences, (sequence, i) => this.encode(`sequences[${i}]`, sequence));
  }

  /** Returns the sequences with their classes, for `sequenceSet`. Throws as `inputs`, and for an unknown label. */
  items(sequences: Iterable<LabelledSequence>): SequenceItem[] {
    return Array.from(sequences, (sequence, i) => {
      const name = `sequences[${i}]`;
      return {
        inputs: this.encode(name, sequence),
        targets: { class: this.classOf(name, requireLabel(name, sequence)) },
      };
    });
  }

  private classOf(name: string, label: string): number {
    const found = this.classes.get(label);
    if (found !== undefined) return found;
    const known = this.labels.slice(0, 10).map(describe).join(", ");
    const more = this.labels.length > 10 ? ", …" : "";
    throw new RangeError(`"${name}.label" expected one of ${known}${more}, got ${describe(label)}`);
  }

  private encode(name: string, sequence: SequenceContent): SequenceItem["inputs"] {
    const content = requireContent(name, sequence);
    const { reading } = this;
    if (content.kind === "values") {
      if (reading.kind === "values" && reading.scales.length === content.width)
        return { steps: content.steps, values: scaled(name, content.values, reading.scales) };
    } else if (reading.kind === content.kind) {
      return { tokens: reading.table.encode(content.symbols) };
    }
    throw new RangeError(`"${name}" expected ${expectedOf(reading)}, got ${kindOf(content)}`);
  }

  /** Returns what `JSON.stringify` writes and `parse` reads. */
  toJSON(): object {
    const { labels, reading } = this;
    const { kind } = reading;
    return reading.kind === "values"
      ? { kind, labels, scales: reading.scales }
      : { kind, labels, symbols: reading.table.symbols };
  }

  /** Reads what `JSON.stringify` wrote of a codec. Throws a FormatError for anything else. */
  static parse(text: string): SequenceCodec {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new FormatError("a sequence codec expected JSON, got other text");
    }
    const saved = typeof value === "object" && value !== null ? value : {};
    const labels = distinctStrings("labels", Reflect.get(saved, "labels"), 2);
    const kind: unknown = Reflect.get(saved, "kind");
    if (kind === "values")
      return new SequenceCodec(labels, { kind, scales: savedScales(Reflect.get(saved, "scales")) });
    if (kind !== "text" && kind !== "tokens")
      throw new FormatError(
        `a sequence codec expected the kind text, tokens or values, got ${describe(kind)}`,
      );
    const symbols = distinctStrings("symbols", Reflect.get(saved, "symbols"), 1);
    return new SequenceCodec(labels, { kind, table: new SymbolTable(symbols) });
  }
}

function distinctStrings(name: string, value: unknown, least: number): string[] {
  const strings = Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
  if (
    !Array.isArray(value) ||
    strings.length < Math.max(least, value.length) ||
    new Set(strings).size < strings.length
  )
    throw new FormatError(
      `a sequence codec's ${name} expected at least ${least} distinct strings, got ${describe(value)}`,
    );
  return strings;
}

function savedScales(value: unknown): Scale[] {
  const finite = (x: unknown): x is number => typeof x === "number" && Number.isFinite(x);
  const scales = (Array.isArray(value) ? value : []).map((one: unknown) => {
    const saved = typeof one === "object" && one !== null ? one : {};
    const offset: unknown = Reflect.get(saved, "offset");
    const factor: unknown = Reflect.get(saved, "factor");
    if (!finite(offset) || !finite(factor) || factor <= 0)
      throw new FormatError(
        `a sequence codec's scales expected an offset and a factor above 0, got ${describe(one)}`,
      );
    return { offset, factor };
  });
  if (scales.length === 0)
    throw new FormatError(`a sequence codec's scales expected at least one, got ${describe(value)}`);
  return scales;
}
