import "../wasm/inlined.js";

export type {
  DataDescription,
  LearnerDescription,
  LossDescription,
  OptimizerDescription,
  OwnDescription,
  OwnFunctions,
  ScheduleDescription,
} from "./descriptions.js";
export { serveNetworks } from "./serve-networks.js";
export { startWorker } from "./start-worker.js";
export type * from "./types.js";
export { WorkerError } from "./worker-error.js";
export type { WorkerLike } from "./worker-like.js";
