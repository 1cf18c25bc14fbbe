/** The schedules that the library has. */

export { constantSchedule, type ConstantScheduleOptions } from "./constant.js";
export { cosineSchedule, linearSchedule, type DecayScheduleOptions } from "./decay.js";
export { exponentialSchedule, type ExponentialScheduleOptions } from "./exponential.js";
export { plateauSchedule, type PlateauSchedule, type PlateauScheduleOptions } from "./plateau.js";
export type { Schedule } from "./schedule.js";
export { stepSchedule, type StepScheduleOptions } from "./step.js";
