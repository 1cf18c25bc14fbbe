/** Says a mean loss in nats in other words. */

/** ln 2 in two parts: the first has few digits, so that its product with an exponent is exact (Cody & Waite 1980). */
const LN2_HIGH = 6.9314718036912381649e-1;
const LN2_LOW = 1.90821492927058770002e-10;

const exponentView = new DataView(new ArrayBuffer(8));

/** Returns 2^k for whole k from -1022 to 1023. */
function powerOfTwo(k: number): number {
  exponentView.setUint32(0, (k + 1023) << 20);
  return exponentView.getFloat64(0);
}

/** Returns e^x within 2 ulp, 0 below e^-700; rounds the same everywhere, which Math.exp does not. */
export function exponential(x: number): number {
  if (Number.isNaN(x)) return NaN;
  if (x > 709.782712893384) return Infinity;
  if (x < -700) return 0;
  const k = Math.round(x * Math.LOG2E);
  const high = x - k * LN2_HIGH;
  const r = high - k * LN2_LOW;
  // |r| ≤ 0.3466: the terms r^n/n! fall below 2^-53 of the sum after n = 13.
  let tail = 0;
  for (let n = 14; n >= 2; n--) tail = (r * (1 + tail)) / n;
  // The largest k is 1024, one more than an exponent holds.
  return 2 * (1 + r * (1 + tail)) * powerOfTwo(k - 1);
}

/** Returns e^loss, for a mean cross-entropy in nats: as many classes, equally likely, would be as hard to guess among. */
export function perplexity(loss: number): number {
  return exponential(loss);
}

/** Returns loss/ln 2, for a mean cross-entropy in nats: the bits that a target takes to write down (Shannon 1948). */
export function bits(loss: number): number {
  return loss / Math.LN2;
}
