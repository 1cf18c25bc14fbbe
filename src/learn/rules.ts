/** The learning rules that the library has: each has its row, and whoever lists rules reads it here. */

import { artbp } from "./back/artbp.js";
import { bptt } from "./back/bptt.js";
import { tbptt } from "./back/tbptt.js";
import type { Learner } from "./learner.js";
import { diagonalRtrl } from "./online/diagonal-rtrl.js";
import { kfRtrl } from "./online/kf-rtrl.js";
import { noBackTrack } from "./online/no-back-track.js";
import { rflo } from "./online/rflo.js";
import { blockRtrl, rtrl } from "./online/rtrl.js";
import { snap1 } from "./online/snap1.js";
import { uoro } from "./online/uoro.js";

export { artbp, type ArtbpOptions } from "./back/artbp.js";
export { bptt, type BpttOptions } from "./back/bptt.js";
export { tbptt, type TbpttOptions } from "./back/tbptt.js";
export { diagonalRtrl } from "./online/diagonal-rtrl.js";
export { kfRtrl } from "./online/kf-rtrl.js";
export { noBackTrack } from "./online/no-back-track.js";
export { rflo } from "./online/rflo.js";
export { blockRtrl, rtrl } from "./online/rtrl.js";
export { snap1 } from "./online/snap1.js";
export { uoro, type UoroOptions } from "./online/uoro.js";

/** Describes a learning rule: a row of `learningRules`. */
export interface LearningRule {
  /** Makes the learner. Throws a TypeError or RangeError for options that are not the rule's; one that has none ignores them. */
  create(options: object): Learner;
  /** Whether it learns forwards in time, step by step, as `onlineSession` and `updateEvery` need it. */
  readonly online: boolean;
  /** The names of the options that `create` takes. */
  readonly options: readonly string[];
}

/** Every learning rule by its name: to choose from, or to make one whose name comes from elsewhere. */
export const learningRules = {
  bptt: { create: bptt, online: false, options: ["memoryBudget"] },
  tbptt: { create: tbptt, online: false, options: ["k1", "k2"] },
  artbp: { create: artbp, online: false, options: ["meanLength", "alpha"] },
  rtrl: { create: rtrl, online: true, options: [] },
  blockRtrl: { create: blockRtrl, online: true, options: ["block"] },
  kfRtrl: { create: kfRtrl, online: true, options: [] },
  uoro: { create: uoro, online: true, options: ["block"] },
  noBackTrack: { create: noBackTrack, online: true, options: [] },
  rflo: { create: rflo, online: true, options: [] },
  snap1: { create: snap1, online: true, options: [] },
  diagonalRtrl: { create: diagonalRtrl, online: true, options: [] },
} as const satisfies Readonly<Record<string, LearningRule>>;

export type LearningRuleName = keyof typeof learningRules;
