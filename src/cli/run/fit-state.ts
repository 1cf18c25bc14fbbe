/** What a training of the command line knows besides what `Training.save` holds: kept in the checkpoint, so that both are of one moment. */

import { Failure } from "../failure.js";

export interface Best {
  readonly step: number;
  /** The held-out loss. */
  readonly loss: number;
}

export interface FitState {
  /** Updates so far. */
  step: number;
  /** Epochs begun. */
  epoch: number;
  /** Seconds of training, those of earlier processes included. */
  seconds: number;
  /** The update of the last look; 0: none yet. */
  lookedAt: number;
  /** Looks whose time has come, of `lookShares`. */
  looks: number;
  /** The best look; undefined before the first one. */
  best?: Best;
  /** Looks since the best. */
  misses: number;
}

/** Where a training begins. */
export function freshState(): FitState {
  return { step: 0, epoch: 0, seconds: 0, lookedAt: 0, looks: 0, misses: 0 };
}

/** The state, and the log's length at that moment. */
export interface SavedState {
  readonly state: FitState;
  /** Bytes. */
  readonly logLength: number;
}

export function stateToText(saved: SavedState): string {
  return JSON.stringify(saved);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** Reads what `stateToText` wrote. Throws a Failure that names the file. */
export function stateFromText(path: string, text: string | undefined): SavedState {
  const wrong = (): never => {
    throw new Failure(`${path} is no checkpoint of a run of this program`);
  };
  if (text === undefined) return wrong();
  let saved: unknown;
  try {
    saved = JSON.parse(text);
  } catch {
    return wrong();
  }
  if (!isRecord(saved) || !isRecord(saved["state"])) return wrong();
  const { state, logLength } = saved;
  const number = (value: unknown): number => (typeof value === "number" ? value : wrong());
  const { best } = state;
  return {
    state: {
      step: number(state["step"]),
      epoch: number(state["epoch"]),
      seconds: number(state["seconds"]),
      lookedAt: number(state["lookedAt"]),
      looks: number(state["looks"]),
      misses: number(state["misses"]),
      ...(isRecord(best) && { best: { step: number(best["step"]), loss: number(best["loss"]) } }),
    },
    logLength: number(logLength),
  };
}
