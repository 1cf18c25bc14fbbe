/** Defines the messages that the page and the worker send each other. */

import type { TrainingWindow } from "../data/training-data.js";
import type { Build, CompleteOptions } from "../network/types.js";
import type { Progress } from "../train/training.js";
import type { PackedError } from "./portable-errors.js";

/** The protocol's number goes up when messages change so that the other side could not read them rightly. */
const PROTOCOL = 4;

/** Tells the page what a network in the worker is like. */
export interface NetworkInfo {
  readonly handle: number;
  readonly options: CompleteOptions;
  readonly build: Build;
  readonly parameters: readonly ParameterInfo[];
}

export interface ParameterInfo {
  readonly name: string;
  readonly shape: readonly number[];
  readonly trainable: boolean;
}

export interface SessionInfo {
  readonly handle: number;
  readonly batch: number;
}

/** Says what a job reads windows for. */
export type Source = "data" | "validation";

/**
 * A message to the worker. `job`: the id of the call that it is about; `iteration`: which of the job's iterations of
 * data.
 */
export type ToWorker =
  | { readonly kind: "hello" }
  /** `shared`: the same kernels for memory that threads share, where there are to be any. */
  | {
      readonly kind: "module";
      readonly build: Build;
      readonly module: WebAssembly.Module;
      readonly shared: WebAssembly.Module | undefined;
    }
  | { readonly kind: "call"; readonly id: number; readonly name: string; readonly args: readonly unknown[] }
  | { readonly kind: "release"; readonly handle: number }
  /** So many more events were taken. */
  | { readonly kind: "taken"; readonly job: number; readonly count: number }
  /** The job is to end: quietly, or because the signal aborted. */
  | { readonly kind: "stop"; readonly job: number; readonly by: "break" | "signal" }
  | {
      readonly kind: "windows";
      readonly job: number;
      readonly iteration: number;
      readonly windows: readonly TrainingWindow[];
      /** No more come: there are none, or the page's iterator threw. */
      readonly end: "done" | "thrown" | undefined;
    };

/** A message to the page. `Value`: what a call gives, which the two sides know of each by `Calls`. */
export type ToPage<Value = unknown> =
  /** `lock`: the name of a lock that the worker holds for as long as it lives. */
  | { readonly kind: "ready"; readonly lock: string | undefined }
  | { readonly kind: "reply"; readonly id: number; readonly value: Value }
  /** `error`: itself, or where the page has it: the signal's reason, or what its iterator threw. */
  | { readonly kind: "failure"; readonly id: number; readonly error: PackedError | "signal" | "data" }
  | { readonly kind: "events"; readonly job: number; readonly events: readonly Progress[] }
  | {
      readonly kind: "pull";
      readonly job: number;
      readonly iteration: number;
      readonly source: Source;
      readonly count: number;
    }
  /** An iteration is to be begun and closed, since none of its windows is wanted. */
  | { readonly kind: "pass"; readonly job: number; readonly iteration: number; readonly source: Source }
  | { readonly kind: "unreadable" };

/** Marks a message as the library's among others that page and worker may send each other. */
interface Envelope<Message> {
  readonly bptt: number;
  readonly message: Message;
}

export function envelope<Message>(message: Message): Envelope<Message> {
  return { bptt: PROTOCOL, message };
}

/** Opens what was received: undefined for what is none of ours, "foreign" for a message of another protocol. */
export function openFromPage(data: unknown): ToWorker | "foreign" | undefined {
  return isEnvelope<ToWorker>(data) ? opened(data) : undefined;
}

export function openFromWorker(data: unknown): ToPage<never> | "foreign" | undefined {
  return isEnvelope<ToPage<never>>(data) ? opened(data) : undefined;
}

function opened<Message>({ bptt, message }: Envelope<Message>): Message | "foreign" {
  return bptt === PROTOCOL ? message : "foreign";
}

/** Whether it is one of ours. The other side of the same protocol made what is inside. */
function isEnvelope<Message>(data: unknown): data is Envelope<Message> {
  return (
    typeof data === "object" &&
    data !== null &&
    "bptt" in data &&
    typeof data.bptt === "number" &&
    "message" in data
  );
}
