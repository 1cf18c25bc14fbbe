/** Functions of one number that round the same in every engine, which Math.exp and Math.sin do not: + − × ÷ alone. */

/** ln 2 in two parts: the first has few digits, so that its product with an exponent is exact (Cody & Waite 1980). */
const LN2_HIGH = 6.9314718036912381649e-1;
const LN2_LOW = 1.90821492927058770002e-10;

const exponentView = new DataView(new ArrayBuffer(8));

/** Returns 2^k for whole k from -1022 to 1023. */
function powerOfTwo(k: number): number {
  exponentView.setUint32(0, (k + 1023) << 20);
  return exponentView.getFloat64(0);
}

/** Returns e^x within 2 ulp, 0 below e^-700. */
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

/**
 * Returns the sine and the cosine of 2πx, of x turns, each within 2^-52; NaN for an x that is not finite. Whole turns and quarters
 * are exact.
 */
export function onCircle(x: number): { sine: number; cosine: number } {
  const quarters = Math.round(4 * x);
  // |a| ≤ π/4: the terms aⁿ/n! fall below 2^-53 after n = 17.
  const a = 2 * Math.PI * (x - quarters / 4); // exact, but for π
  const square = a * a;
  let sine = 1;
  let cosine = 1;
  for (let n = 17; n >= 3; n -= 2) {
    sine = 1 - (square * sine) / (n * (n - 1));
    cosine = 1 - (square * cosine) / ((n - 1) * (n - 2));
  }
  sine *= a;
  switch (((quarters % 4) + 4) % 4) {
    case 1:
      return { sine: cosine, cosine: -sine };
    case 2:
      return { sine: -sine, cosine: -cosine };
    case 3:
      return { sine: -cosine, cosine: sine };
    default:
      return { sine, cosine };
  }
}
