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
export { WorkerError } from "../threads/worker-error.js";
export type { WorkerLike } from "../threads/worker-like.js";
