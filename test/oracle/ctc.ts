/** Computes the loss of connectionist temporal classification in two ways: over all alignments, and over states. */

export interface CtcCase {
  /** One sequence's logits, [T, width]. */
  logits: Float64Array;
  width: number;
  labels: readonly number[];
  blank: number;
}

export interface CtcResult {
  /** −ln of the labels' probability; Infinity when it is 0. */
  loss: number;
  /** dLoss/dlogits, [T, width]; zeros when the loss is Infinity. */
  gradient: Float64Array;
}

function logSumExp(values: readonly number[]): number {
  const most = values.reduce((a, b) => Math.max(a, b), -Infinity);
  if (most === -Infinity) return -Infinity;
  return most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0));
}

/** ln softmax of each row. */
function logSoftmax({ logits, width }: CtcCase): Float64Array {
  const result = new Float64Array(logits.length);
  for (let row = 0; row < logits.length; row += width) {
    const values = [...logits.subarray(row, row + width)];
    const most = Math.max(...values);
    // The largest first, so that near 0 the loss keeps its digits.
    const rest = values.reduce((sum, value) => sum + Math.exp(value - most), 0) - 1;
    const total = Math.log1p(rest);
    values.forEach((value, k) => (result[row + k] = value - most - total));
  }
  return result;
}

/** What labels a path stands for: repeats merged, then blanks left out. */
export function collapse(path: readonly number[], blank: number): number[] {
  return path.filter((label, t) => label !== blank && label !== path[t - 1]);
}

/** All paths of `steps` classes, width^steps of them. */
export function* pathsOf(steps: number, width: number): Generator<readonly number[]> {
  const path = new Array<number>(steps).fill(0);
  for (;;) {
    yield path;
    let t = steps - 1;
    while (t >= 0 && path[t] === width - 1) path[t--] = 0;
    if (t < 0) return;
    path[t]++;
  }
}

/** Sums over every path that collapses to the labels: the definition, and small cases only. */
export function ctcByPaths(given: CtcCase): CtcResult {
  const { width, labels, blank } = given;
  const logP = logSoftmax(given);
  const steps = logP.length / width;
  const found: { path: readonly number[]; weight: number }[] = [];
  for (const path of pathsOf(steps, width)) {
    if (collapse(path, blank).join() !== labels.join()) continue;
    found.push({ path: [...path], weight: path.reduce((sum, k, t) => sum + logP[t * width + k], 0) });
  }
  const total = logSumExp(found.map(({ weight }) => weight));
  const gradient = new Float64Array(logP.length);
  if (total === -Infinity) return { loss: Infinity, gradient };
  gradient.set(logP.map(Math.exp));
  for (const { path, weight } of found)
    path.forEach((k, t) => (gradient[t * width + k] -= Math.exp(weight - total)));
  return { loss: -total, gradient };
}

/** Goes forwards and backwards over the 2L + 1 states, all in logarithms (Graves et al. 2006, equations 6 to 16). */
export function ctcByStates(given: CtcCase): CtcResult {
  const { width, labels, blank } = given;
  const logP = logSoftmax(given);
  const steps = logP.length / width;
  const states = [blank, ...labels.flatMap((label) => [label, blank])];
  const at = (t: number, s: number): number => logP[t * width + states[s]];

  /** The variables of each step, of the states in one direction or the other; each with its own step's probability. */
  const run = (order: readonly number[], times: readonly number[]): number[][] => {
    const rows: number[][] = [];
    for (const t of times) {
      const before = rows.at(-1);
      const row = order.map((s, i) => {
        const from =
          before === undefined
            ? [i < 2 ? 0 : -Infinity]
            : [
                before[i],
                before[i - 1] ?? -Infinity,
                i >= 2 && states[s] !== blank && states[s] !== states[order[i - 2]]
                  ? before[i - 2]
                  : -Infinity,
              ];
        return logSumExp(from) + at(t, s);
      });
      rows.push(row);
    }
    return rows;
  };

  const order = [...states.keys()];
  const times = Array.from({ length: steps }, (_, t) => t);
  const alpha = run(order, times);
  const beta = run(order.toReversed(), times.toReversed())
    .reverse()
    .map((row) => row.toReversed());
  const end = alpha.at(-1);
  const total =
    end === undefined
      ? labels.length === 0
        ? 0
        : -Infinity
      : logSumExp(end.slice(labels.length > 0 ? -2 : -1));
  const gradient = new Float64Array(logP.length);
  if (total === -Infinity) return { loss: Infinity, gradient };
  gradient.set(logP.map(Math.exp));
  for (const t of times) {
    for (const s of order) {
      const share = alpha[t][s] + beta[t][s] - at(t, s) - total;
      if (share > -Infinity) gradient[t * width + states[s]] -= Math.exp(share);
    }
  }
  return { loss: -total, gradient };
}
