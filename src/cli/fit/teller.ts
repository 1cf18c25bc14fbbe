/** Tells of a training: people or machines on the output, and the run's log. */

import { duration, indented, visible } from "../format.js";
import type { RunLog } from "../run/run-log.js";
import { Screen, type Output } from "../screen.js";
import { showsUnicode } from "../plot.js";
import type { EndEvent, FitEvent, LookEvent, ResumeEvent, StartEvent, UpdateEvent } from "./events.js";
import type { FitPlan, Units } from "./job.js";
import type { Clock } from "./limit.js";
import { isFirst } from "./ranks.js";
import { Terminal } from "./terminal.js";

/** What a command tells with. */
export interface Voice {
  /** For people; silent where machines listen. */
  readonly screen: Screen;
  /** Whether the screen has ASCII alone. */
  readonly ascii: boolean;
  /** Takes JSON lines; undefined where people listen. */
  readonly machine: Output | undefined;
}

/** As much of a process as is told with. */
export interface Speaker {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
}

/**
 * Returns what to tell with: with `json` lines for machines, and else what is said to the output and samples to the errors' one; of
 * several processes that train together the first alone is heard.
 */
export function voiceOf(
  { stdout, stderr, env, platform }: Speaker,
  plan: Pick<FitPlan, "json" | "cluster">,
): Voice {
  const silent = { write: () => undefined };
  const heard = isFirst(plan);
  return {
    screen: plan.json || !heard ? new Screen(silent, env) : new Screen(stdout, env, stderr),
    ascii: !showsUnicode(env, platform),
    machine: plan.json && heard ? stdout : undefined,
  };
}

export class Teller {
  private readonly voice: Voice;
  private readonly terminal: Terminal;
  private readonly log: RunLog | undefined;
  private readonly clock: Clock;

  constructor(voice: Voice, clock: Clock, units: Units, log: RunLog | undefined) {
    this.voice = voice;
    this.clock = clock;
    this.log = log;
    this.terminal = new Terminal(voice.screen, clock, units, voice.ascii);
    this.terminal.recall(log?.events ?? []);
  }

  /** The first line is the title. */
  head([title, ...rest]: readonly string[]): void {
    const { screen } = this.voice;
    screen.print(screen.strong(title));
    for (const line of rest) screen.print(line);
  }

  begin(event: StartEvent): void {
    this.write(event);
  }

  resume(event: ResumeEvent): void {
    this.write(event);
    this.voice.screen.print(`Goes on after step ${event.step}.`);
  }

  /** `told`: whether it is one of those that are told of, and not only shown. */
  update(event: UpdateEvent, told: boolean): void {
    if (told) this.write(event);
    this.terminal.update(event);
  }

  look(event: LookEvent): void {
    this.write(event);
    this.terminal.look(event);
  }

  /** `lines`: what people are told of the outcome besides the findings, and `next` of what to do with it. */
  end(event: EndEvent, lines: readonly string[], next: readonly string[]): void {
    this.write(event);
    const { screen } = this.voice;
    for (const line of lines) screen.print(screen.strong(line));
    for (const { title, lines: found } of event.findings ?? []) {
      screen.print();
      screen.print(screen.strong(title));
      for (const line of found) screen.print(line);
    }
    if (event.findings !== undefined) screen.print();
    if (event.sample !== undefined) screen.aside(indented(visible(event.sample)));
    for (const line of next) screen.print(line);
    screen.print(screen.faint(`${duration(this.clock.seconds)} in all`));
  }

  /** Says something by the way. */
  note(text: string): void {
    this.voice.screen.print(text);
  }

  private write(event: FitEvent): void {
    this.log?.write(event);
    this.voice.machine?.write(`${JSON.stringify(event)}\n`);
  }
}
