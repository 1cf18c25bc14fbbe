/** Every online rule, by a name. */

import type { Learner } from "../../../src/learn/learner.js";
import { kfRtrl } from "../../../src/learn/online/kf-rtrl.js";
import { noBackTrack } from "../../../src/learn/online/no-back-track.js";
import { blockRtrl, rtrl } from "../../../src/learn/online/rtrl.js";
import { snap1 } from "../../../src/learn/online/snap1.js";
import { uoro } from "../../../src/learn/online/uoro.js";

export const onlineRules: { name: string; learner: Learner }[] = [
  { name: "rtrl", learner: rtrl() },
  { name: "blockRtrl", learner: blockRtrl({ block: 3 }) },
  { name: "kfRtrl", learner: kfRtrl() },
  { name: "uoro", learner: uoro() },
  { name: "uoro of 4", learner: uoro({ block: 4 }) },
  { name: "noBackTrack", learner: noBackTrack() },
  { name: "snap1", learner: snap1() },
];
