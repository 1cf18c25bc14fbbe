/** Says a mean loss in nats in other words. */

import { exponential } from "../../elementary.js";

/** Returns e^loss, for a mean cross-entropy in nats: as many classes, equally likely, would be as hard to guess among. */
export function perplexity(loss: number): number {
  return exponential(loss);
}

/** Returns loss/ln 2, for a mean cross-entropy in nats: the bits that a target takes to write down (Shannon 1948). */
export function bits(loss: number): number {
  return loss / Math.LN2;
}
