/** The page: what its buttons do, and what is shown while the network learns. */

import type { Progress } from "bptt";
import { startWorker, type NetworkWorker } from "bptt/worker";
import { find } from "../find.js";
import "../style.css";
import { hasEngine } from "../support.js";
import { HeatMap } from "./heat-map.js";
import { LagChart } from "./lag-chart.js";
import type { KeptRun } from "./kept-run.js";
import { LossChart } from "./loss-chart.js";
import { RunKeeper } from "./run-keeper.js";
import { SettingsForm } from "./settings-form.js";
import { TextSource } from "./text-source.js";
import { Trainer } from "./trainer.js";

/** Between samples, measurements of the gradient's flow, and heat maps, while it learns. */
const LOOK_MILLISECONDS = 2000;

function write(id: string, text: string): void {
  find(id, HTMLElement).textContent = text;
}

function say(message: string): void {
  const notice = find("message", HTMLElement);
  notice.textContent = message;
  notice.hidden = message === "";
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const grouped = new Intl.NumberFormat();

class Page {
  private readonly buttons = {
    run: find("run", HTMLButtonElement),
    renew: find("renew", HTMLButtonElement),
    save: find("save", HTMLButtonElement),
    share: find("share", HTMLButtonElement),
  };
  private readonly source = new TextSource(say);
  private readonly form: SettingsForm;
  private readonly lossChart = new LossChart(find("loss-chart", HTMLElement));
  private readonly lagChart = new LagChart(find("lag-chart", HTMLElement));
  private readonly heatMap = new HeatMap(
    find("heat-map", HTMLCanvasElement),
    find("heat-caption", HTMLElement),
  );
  private readonly probe = find("probe", HTMLInputElement);
  private worker: Promise<NetworkWorker>;
  private trainer: Trainer | undefined;
  private looking: ReturnType<typeof setTimeout> | undefined;
  private samples = 0;
  private latest: Progress | undefined;
  private painting = 0;
  /** Updates of earlier runs of the same network. */
  private stepsBefore = 0;
  private readonly keeper = new RunKeeper({
    active: () => this.trainer?.active === true,
    snapshot: () => this.snapshot(),
    goOn: (run) => {
      this.guard(this.goOn(run));
    },
  });

  constructor() {
    this.form = new SettingsForm(() => {
      this.settingsChanged();
    });
    this.worker = startWorker();
    this.probe.value = "Shall I compare thee";
    this.listen();
  }

  private listen(): void {
    const { run, renew, save, share } = this.buttons;
    run.addEventListener("click", () => {
      this.guard(this.toggle());
    });
    renew.addEventListener("click", () => {
      this.guard(this.startOver());
    });
    save.addEventListener("click", () => {
      this.guard(this.save());
    });
    share.addEventListener("click", () => {
      this.guard(this.share());
    });
    const models = find("model-file", HTMLInputElement);
    models.addEventListener("change", () => {
      const [file] = models.files ?? [];
      models.value = "";
      if (file !== undefined) this.guard(this.load(file));
    });
    this.probe.addEventListener("input", () => {
      this.guard(this.showHidden());
    });
  }

  /** Shows what went wrong. */
  private guard(work: Promise<void>): void {
    work.catch((error: unknown) => {
      say(reason(error));
    });
  }

  private async toggle(): Promise<void> {
    if (this.trainer?.active === true) {
      this.trainer.pause();
      this.keeper.keep();
      this.showRunning();
      return;
    }
    if (!this.form.check()) return;
    say("");
    const { settings } = this.form;
    const { text } = this.source;
    const least = settings.batch * (settings.window + 1);
    if ([...text].length < least) {
      say(
        `The text is too short: ${settings.batch} sequences of ${settings.window} steps side by side take ${least} ` +
          `characters. Paste a longer text, or choose smaller numbers.`,
      );
      return;
    }
    this.trainer ??= await Trainer.create(await this.worker, settings, text);
    this.run(this.trainer);
  }

  private run(trainer: Trainer): void {
    trainer.run(this.form.settings, this.source.text, {
      progress: (progress) => {
        this.progress(progress);
      },
      failed: (error) => {
        say(`Training stopped: ${reason(error)}`);
        this.showRunning();
      },
    });
    this.showRunning();
    this.look();
  }

  private async startOver(): Promise<void> {
    const { trainer } = this;
    if (trainer !== undefined) this.keeper.forget();
    this.trainer = undefined;
    this.stepsBefore = 0;
    this.latest = undefined;
    this.lossChart.clear();
    write("sample", "");
    for (const id of ["step", "epoch"]) write(id, "0");
    for (const id of ["loss", "speed"]) write(id, "–");
    this.showRunning();
    await trainer?.dispose();
  }

  /** The next run has the new settings; a network's own, like its units, take effect when it starts over. */
  private settingsChanged(): void {
    const { trainer } = this;
    if (trainer === undefined) return;
    const { options } = trainer.network;
    const { settings } = this.form;
    const same =
      options.cell === settings.cell &&
      options.hiddenSize === settings.hidden &&
      options.layers === settings.layers &&
      options.seed === settings.seed;
    this.guard(same ? this.restart(trainer) : this.startOver());
  }

  private async restart(trainer: Trainer): Promise<void> {
    this.stepsBefore += this.latest?.step ?? 0;
    this.latest = undefined;
    await trainer.stop();
    this.showRunning();
  }

  private progress(progress: Progress): void {
    this.latest = progress;
    if (!progress.epochEnd) this.lossChart.add(this.stepsBefore + progress.step, progress.loss);
    if (this.painting === 0) this.painting = requestAnimationFrame(() => this.paint());
  }

  private paint(): void {
    this.painting = 0;
    if (this.latest === undefined) return;
    write("step", grouped.format(this.stepsBefore + this.latest.step));
    write("loss", (this.lossChart.runningMean ?? this.latest.loss).toFixed(3));
    write("speed", grouped.format(Math.round(this.latest.tokensPerSecond)));
    write("epoch", grouped.format(this.latest.epoch));
  }

  private showRunning(): void {
    const { run, renew, save } = this.buttons;
    const active = this.trainer?.active === true;
    run.textContent = active ? "Pause" : this.latest === undefined ? "Train" : "Resume";
    renew.disabled = this.trainer === undefined;
    save.disabled = this.trainer === undefined;
  }

  /** A sample, the gradient's flow and the heat map, now and as long as it learns. */
  private look(): void {
    clearTimeout(this.looking);
    const { trainer } = this;
    if (trainer === undefined) return;
    const next = (): void => {
      if (trainer.active) this.looking = setTimeout(() => this.look(), LOOK_MILLISECONDS);
    };
    this.lookOnce(trainer).then(next, (error: unknown) => {
      if (this.trainer === trainer) say(reason(error));
    });
  }

  private async lookOnce(trainer: Trainer): Promise<void> {
    const { settings } = this.form;
    const sample = await trainer.sample(settings.temperature, this.samples++);
    if (this.trainer !== trainer) return;
    write("sample", sample);
    const flow = await trainer.flow(this.source.text);
    if (flow !== undefined) this.lagChart.show(flow);
    await this.showHidden();
  }

  private async showHidden(): Promise<void> {
    const { trainer } = this;
    if (trainer === undefined) return;
    const { characters, states } = await trainer.hidden(this.probe.value);
    if (this.trainer !== trainer) return;
    this.heatMap.show(characters, states, trainer.network.options.hiddenSize);
  }

  private async save(): Promise<void> {
    if (this.trainer === undefined) return;
    const bytes = await this.trainer.save();
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([new Uint8Array(bytes)]));
    link.download = "playground.safetensors";
    link.click();
    setTimeout(() => {
      URL.revokeObjectURL(link.href);
    }, 10_000);
  }

  private async load(file: File): Promise<void> {
    const bytes = new Uint8Array(await file.arrayBuffer());
    let loaded: Trainer;
    try {
      loaded = await Trainer.load(await this.worker, bytes);
    } catch (error) {
      say(`${file.name} was not loaded. ${reason(error)}`);
      return;
    }
    await this.startOver();
    this.trainer = loaded;
    const { cell, hiddenSize, layers, seed } = loaded.network.options;
    this.form.set({ ...this.form.settings, cell, hidden: hiddenSize, layers, seed });
    say("");
    this.showRunning();
    this.look();
  }

  /** What the browser is to keep of the run. */
  private async snapshot(): Promise<KeptRun | undefined> {
    const { trainer, stepsBefore } = this;
    const kept = await trainer?.checkpoint();
    if (kept === undefined || this.trainer !== trainer) return undefined;
    return { ...kept, stepsBefore, steps: stepsBefore + (this.latest?.step ?? 0) };
  }

  /** Goes on where an earlier visit was left. */
  private async goOn(run: KeptRun): Promise<void> {
    const restored = await Trainer.restore(await this.worker, run);
    await this.startOver();
    this.source.set(run.text);
    this.form.set({ ...run.settings });
    this.trainer = restored;
    this.stepsBefore = run.stepsBefore;
    say("");
    this.run(restored);
  }

  private async share(): Promise<void> {
    await navigator.clipboard.writeText(location.href);
    const { share } = this.buttons;
    const before = share.textContent;
    share.textContent = "Copied";
    setTimeout(() => {
      share.textContent = before;
    }, 1500);
  }
}

if (hasEngine()) {
  find("playground", HTMLElement).hidden = false;
  new Page();
} else find("no-engine", HTMLElement).hidden = false;
