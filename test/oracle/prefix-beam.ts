/** Searches prefixes in plain float64, each prefix under its labels as text: slow, and after Hannun et al. 2014 line by line. */

interface Weights {
  blank: number;
  ended: number;
}

function add(a: number, b: number): number {
  const most = Math.max(a, b);
  return most === -Infinity ? most : most + Math.log(Math.exp(a - most) + Math.exp(b - most));
}

/** The labels found in logits [T, width] by following the `most` likeliest prefixes. */
export function oraclePrefixBeam(
  logits: ArrayLike<number>,
  width: number,
  blank: number,
  most: number,
): number[] {
  let beam = new Map<string, Weights>([["[]", { blank: 0, ended: -Infinity }]]);
  for (let row = 0; row < logits.length; row += width) {
    const next = new Map<string, Weights>();
    const raise = (labels: readonly number[], kind: keyof Weights, weight: number): void => {
      const key = JSON.stringify(labels);
      const entry = next.get(key) ?? { blank: -Infinity, ended: -Infinity };
      entry[kind] = add(entry[kind], weight);
      next.set(key, entry);
    };
    for (const [key, weights] of beam) {
      const labels = JSON.parse(key) as number[];
      const total = add(weights.blank, weights.ended);
      for (let k = 0; k < width; k++) {
        const logit = logits[row + k];
        if (k === blank) raise(labels, "blank", total + logit);
        else if (k === labels.at(-1)) {
          raise(labels, "ended", weights.ended + logit);
          raise([...labels, k], "ended", weights.blank + logit);
        } else raise([...labels, k], "ended", total + logit);
      }
    }
    const order = [...next].sort(([, a], [, b]) => add(b.blank, b.ended) - add(a.blank, a.ended));
    beam = new Map(order.slice(0, most));
  }
  const [[best]] = beam;
  return JSON.parse(best) as number[];
}
