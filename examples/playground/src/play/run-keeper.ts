/** Keeps the run every few seconds and when the page is hidden, and offers the one that an earlier visit left. */

import { find } from "../find.js";
import { forgetRun, keepRun, readRun, type KeptRun } from "./kept-run.js";

const EVERY_MILLISECONDS = 5000;

export interface KeeperEvents {
  /** Whether the run goes on at present, so that there is something new to keep. */
  active(): boolean;
  /** What is to be kept now, if anything. */
  snapshot(): Promise<KeptRun | undefined>;
  /** The visitor goes on with the run of an earlier visit. */
  goOn(run: KeptRun): void;
}

export class RunKeeper {
  private readonly events: KeeperEvents;
  private readonly offer = find("kept", HTMLElement);
  private readonly note = find("kept-note", HTMLElement);
  /** What is asked of the store, one after the other. */
  private work: Promise<void> = Promise.resolve();
  /** Whether the run is waiting to be kept already. */
  private due = false;

  constructor(events: KeeperEvents) {
    this.events = events;
    setInterval(() => {
      if (events.active()) this.keep();
    }, EVERY_MILLISECONDS);
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.keep();
    });
    find("forget", HTMLButtonElement).addEventListener("click", () => {
      this.forget();
    });
    this.queue(async () => {
      const run = await readRun();
      if (run !== undefined) this.show(run);
    });
  }

  keep(): void {
    if (this.due) return;
    this.due = true;
    this.queue(async () => {
      this.due = false;
      const run = await this.events.snapshot();
      if (run === undefined) return;
      await keepRun(run);
      this.offer.hidden = true;
      this.note.textContent = `Kept in this browser at update ${run.steps}.`;
    });
  }

  /** Forgets what is kept: the visitor starts over, or does not want it. */
  forget(): void {
    this.queue(async () => {
      await forgetRun();
      this.offer.hidden = true;
      this.note.textContent = "";
    });
  }

  private show(run: KeptRun): void {
    find("kept-text", HTMLElement).textContent =
      `An earlier visit left a training of ${run.settings.hidden} units at update ${run.steps}.`;
    find("go-on", HTMLButtonElement).onclick = () => {
      this.offer.hidden = true;
      this.events.goOn(run);
    };
    this.offer.hidden = false;
  }

  private queue(work: () => Promise<void>): void {
    this.work = this.work.then(work).catch((error: unknown) => {
      this.note.textContent = `This browser does not keep the run: ${String(error)}`;
    });
  }
}
