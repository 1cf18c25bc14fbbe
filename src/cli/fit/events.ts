/** What is told of a training: a line of a run's log each, and of the output with --json. */

/** Figures by name: accuracy, perplexity, … */
export type Figures = Readonly<Record<string, number>>;

/** What else a command tells machines; it goes into JSON as it is. */
export type Details = Readonly<Record<string, unknown>>;

/** Lines under a title: a table, for one. */
export interface Finding {
  readonly title: string;
  readonly lines: readonly string[];
}

export interface StartEvent {
  readonly event: "start";
  readonly step: 0;
  readonly command: string;
  /** What it is told, by option, defaults included. */
  readonly settings: Readonly<Record<string, string>>;
  readonly parameters: number;
  readonly build: string;
  /** What losses are in, what is counted in a second, and what looks are taken at. */
  readonly units: { readonly loss: string; readonly steps: string; readonly looks: string };
  /** Of the data and the network. */
  readonly details?: Details;
}

export interface ResumeEvent {
  readonly event: "resume";
  readonly step: number;
  readonly seconds: number;
}

export interface UpdateEvent {
  readonly event: "update";
  readonly step: number;
  readonly epoch: number;
  /** Of this update alone. */
  readonly loss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  readonly tokensPerSecond: number;
  /** Of training so far, looks included. */
  readonly seconds: number;
}

/** A look at what is held out. */
export interface LookEvent {
  readonly event: "look";
  readonly step: number;
  readonly epoch: number;
  /** Undefined where nothing is held out, and where it was no number. */
  readonly heldOut?: number;
  /** Whether it is the least held-out loss so far. */
  readonly best: boolean;
  readonly seconds: number;
  readonly sample?: string;
  readonly figures?: Figures;
}

/** Why a training ended: its limit, no better held-out loss any more, Ctrl-C, a loss that is no number. */
export type Ending = "limit" | "patience" | "signal" | "divergence";

export interface EndEvent {
  readonly event: "end";
  readonly step: number;
  readonly seconds: number;
  readonly ending: Ending;
  /** The update after which the model is that was kept. */
  readonly modelStep: number;
  /** Of that model, over all that is held out. */
  readonly heldOut?: number;
  readonly sample?: string;
  readonly figures?: Figures;
  readonly findings?: readonly Finding[];
  /** Of the figures: tables. */
  readonly details?: Details;
  /** The model's file. */
  readonly model: string;
}

export type FitEvent = StartEvent | ResumeEvent | UpdateEvent | LookEvent | EndEvent;

/** Returns the last event of a kind; undefined where there is none. */
export function lastOf<Kind extends FitEvent["event"]>(
  events: readonly FitEvent[],
  kind: Kind,
): Extract<FitEvent, { event: Kind }> | undefined {
  return events.findLast((event): event is Extract<FitEvent, { event: Kind }> => event.event === kind);
}

/** What looks are taken at unless a command calls it something else. */
export const HELD_OUT = "held out";

/** Names the loss at what looks are taken at: "held-out loss". */
export function lossAt(looks: string): string {
  return `${looks.replaceAll(" ", "-")} loss`;
}

/** Updates that are all told of; as many again are told of in each doubling after that. */
const ALL = 512;

/** Returns whether an update is told of: some thousand in all, and always the same ones, resumed or not. */
export function isTold(step: number): boolean {
  let every = 1;
  while (step > ALL * every) every *= 2;
  return step % every === 0;
}
