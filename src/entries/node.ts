/** `bptt/node`: what needs Node's own modules. The library itself comes from `bptt`. */

export {
  checkpointFile,
  type CheckpointEvent,
  type CheckpointFile,
  type CheckpointFileOptions,
  type Saveable,
} from "../node/checkpoint-file.js";
