/** Measures a classifier beside the simplest one, which always says the commonest label. */

import { evaluate, type Network, type TrainingData } from "../../index.js";
import { tableLines } from "../table.js";
import { grouped, share, visible } from "../format.js";

/** Labels of the largest table, and of the largest confusion matrix. */
const MOST_ROWS = 40;
const MOST_CONFUSED = 12;

/** Characters of a label in a table. */
const LONGEST = 16;

/** What a label's sequences were taken for. A share that is not defined, 0/0, is NaN. */
export interface LabelFigures {
  readonly label: string;
  readonly rows: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** The figures as they go into JSON, where NaN becomes null. */
export interface ClassifierFigures {
  readonly rows: number;
  /** Nats a sequence. */
  readonly loss: number;
  readonly accuracy: number;
  readonly macroF1: number;
  /** What always saying the label that was commonest in training amounts to. */
  readonly majority: { readonly label: string; readonly accuracy: number; readonly macroF1: number };
  readonly labels: readonly LabelFigures[];
  /** A row for each true label, a column for each predicted one; undefined for very many labels. */
  readonly confusion: readonly (readonly number[])[] | undefined;
}

function majorityOf(
  labels: readonly string[],
  counts: readonly number[],
  support: Float64Array,
  rows: number,
) {
  const commonest = counts.indexOf(Math.max(...counts));
  const accuracy = support[commonest] / rows;
  const kinds = support.filter((count, c) => count > 0 || c === commonest).length;
  // It has a recall of 1 and a precision of the accuracy; the other labels' F1 is 0.
  return { label: labels[commonest], accuracy, macroF1: (2 * accuracy) / (1 + accuracy) / kinds };
}

/** Measures a network on sequences with a label each, of which the training part had `counts`. */
export async function measureClassifier(
  network: Network,
  data: TrainingData,
  { labels, counts }: { readonly labels: readonly string[]; readonly counts: readonly number[] },
): Promise<ClassifierFigures> {
  const measured = await evaluate(network, data);
  const C = labels.length;
  const { count: rows, loss, accuracy = NaN, macroF1 = NaN, confusion } = measured;
  const none = new Float64Array(C);
  const { support = none, precision = none, recall = none, f1 = none } = measured;
  return {
    rows,
    loss,
    accuracy,
    macroF1,
    majority: majorityOf(labels, counts, support, rows),
    labels: labels.map((label, c) => ({
      label,
      rows: support[c],
      precision: precision[c],
      recall: recall[c],
      f1: f1[c],
    })),
    confusion: confusion && labels.map((_, c) => Array.from(confusion.subarray(c * C, (c + 1) * C))),
  };
}

/** Shortens what people read of a label. */
function short(label: string): string {
  const characters = Array.from(visible(label).replace(/[\n\t]/g, " "));
  return characters.length > LONGEST ? `${characters.slice(0, LONGEST - 1).join("")}…` : characters.join("");
}

const figure = (value: number): string => (Number.isNaN(value) ? "-" : value.toFixed(3));

function labelTable(labels: readonly LabelFigures[]): string[] {
  const shown = labels.length > MOST_ROWS ? [...labels].sort((a, b) => b.rows - a.rows) : labels;
  const rows = shown
    .slice(0, MOST_ROWS)
    .map(({ label, rows, precision, recall, f1 }) => [
      short(label),
      grouped(rows),
      figure(precision),
      figure(recall),
      figure(f1),
    ]);
  const left = labels.length - rows.length;
  return [
    ...tableLines([["label", "sequences", "precision", "recall", "F1"], ...rows]),
    ...(left > 0 ? [`and ${grouped(left)} labels with fewer sequences`] : []),
  ];
}

function confusionTable({ labels, confusion }: ClassifierFigures): string[] {
  if (confusion === undefined || labels.length > MOST_CONFUSED) return [];
  const names = labels.map(({ label }) => short(label));
  return [
    "",
    "Confusion, a row for each label, a column for each that was told:",
    ...tableLines([["", ...names], ...confusion.map((row, i) => [names[i], ...row.map(grouped)])]),
  ];
}

/** Returns the figures in lines for people. */
export function figureLines(figures: ClassifierFigures): string[] {
  const { rows, loss, accuracy, macroF1, majority } = figures;
  return [
    `Accuracy ${share(accuracy)}, macro-F1 ${figure(macroF1)}, loss ${loss.toFixed(3)} nats, over ${grouped(rows)} sequences`,
    `Always ${JSON.stringify(short(majority.label))}, the commonest label: ` +
      `accuracy ${share(majority.accuracy)}, macro-F1 ${figure(majority.macroF1)}`,
    "",
    ...labelTable(figures.labels),
    ...confusionTable(figures),
  ];
}
