/** The network in its worker, with the vocabulary that it speaks: all that the page asks of it. */

import { CharVocabulary, readMetadata, type Progress } from "bptt";
import type { NetworkWorker, RemoteNetwork, RemoteTraining, RemoteTrainOptions } from "bptt/worker";
import type { KeptRun } from "./kept-run.js";
import { describeRule } from "./rules.js";
import type { Settings } from "./settings.js";

/** The command line's models have it too, so that files go both ways. */
const VOCABULARY_KEY = "vocabulary";
const SAMPLE_CHARACTERS = 300;
const FLOW_STEPS = 64;

export interface TrainerEvents {
  progress(progress: Progress): void;
  /** Training stopped by itself: with an error, or because the worker died. */
  failed(error: unknown): void;
}

/** A training, and what it was begun with. */
interface Run {
  readonly training: RemoteTraining;
  readonly settings: Settings;
  readonly text: string;
}

/** What a training is given, at its beginning and when it goes on. */
function trainingOf(vocabulary: CharVocabulary, settings: Settings, text: string) {
  const tokens = vocabulary.encode(text, { unknown: "skip" });
  const { batch, window } = settings;
  const options: RemoteTrainOptions = {
    optimizer: { type: "adam", learningRate: settings.learningRate },
    learner: describeRule(settings),
    clipNorm: 5,
    maxSteps: Number.MAX_SAFE_INTEGER,
  };
  return { data: { type: "tokenStream", tokens, batch, window } as const, options };
}

export class Trainer {
  readonly vocabulary: CharVocabulary;
  readonly network: RemoteNetwork;
  private running = false;
  /** Lets a training that waits go on. */
  private resume: () => void = () => undefined;
  private present: Run | undefined;
  /** An earlier visit's, which did not go on yet. */
  private restored: Run | undefined;

  private constructor(network: RemoteNetwork, vocabulary: CharVocabulary) {
    this.network = network;
    this.vocabulary = vocabulary;
  }

  /** A network of its own, untrained. */
  static async create(worker: NetworkWorker, settings: Settings, text: string): Promise<Trainer> {
    const vocabulary = CharVocabulary.from(text);
    const network = await worker.createNetwork({
      cell: settings.cell,
      inputSize: vocabulary.size,
      hiddenSize: settings.hidden,
      outputSize: vocabulary.size,
      layers: settings.layers,
      seed: settings.seed,
    });
    return new Trainer(network, vocabulary);
  }

  /** From a file's bytes. Throws an error that says what the file is not. */
  static async load(worker: NetworkWorker, bytes: Uint8Array): Promise<Trainer> {
    const characters = readMetadata(bytes)[VOCABULARY_KEY] ?? "";
    if (characters === "")
      throw new RangeError("It is a network, but none that writes text: it has no vocabulary.");
    const vocabulary = CharVocabulary.from(characters);
    const network = await worker.loadNetwork(bytes);
    if (network.options.inputSize === vocabulary.size && !network.options.bidirectional)
      return new Trainer(network, vocabulary);
    network.dispose();
    throw new RangeError("It is a network, but none that writes text with its vocabulary.");
  }

  /** From what an earlier visit kept. Throws an error that says what does not fit. */
  static async restore(worker: NetworkWorker, run: KeptRun): Promise<Trainer> {
    const { checkpoint, characters, settings, text } = run;
    const vocabulary = CharVocabulary.from(characters);
    const { data, options } = trainingOf(vocabulary, settings, text);
    const training = await worker.resumeTraining(checkpoint, data, options);
    const trainer = new Trainer(training.network, vocabulary);
    trainer.restored = { training, settings, text };
    return trainer;
  }

  get active(): boolean {
    return this.running;
  }

  /** Trains on the text, or goes on after a pause. */
  run(settings: Settings, text: string, events: TrainerEvents): void {
    this.running = true;
    if (this.present !== undefined) {
      this.resume();
      return;
    }
    const run = this.restored ?? { training: this.begin(settings, text), settings, text };
    this.restored = undefined;
    void this.follow(run, events);
  }

  pause(): void {
    this.running = false;
  }

  /** Ends the present training, so that the next one may have other settings. */
  async stop(): Promise<void> {
    this.pause();
    const { present } = this;
    this.present = undefined;
    this.restored = undefined;
    this.resume();
    await present?.training.return();
  }

  async dispose(): Promise<void> {
    await this.stop();
    this.network.dispose();
  }

  async sample(temperature: number, seed: number): Promise<string> {
    const session = await this.network.session();
    try {
      const tokens = await session.sample({ length: SAMPLE_CHARACTERS, temperature, seed });
      return this.vocabulary.decode(tokens);
    } finally {
      session.dispose();
    }
  }

  /** The top layer's states over the characters that it knows: [T, H]. */
  async hidden(text: string): Promise<{ characters: string[]; states: Float32Array }> {
    const tokens = this.vocabulary.encode(text, { unknown: "skip" });
    if (tokens.length === 0) return { characters: [], states: new Float32Array(0) };
    const sequence = { steps: tokens.length, batch: 1, tokens };
    const { hidden = new Float32Array(0) } = await this.network.forward(sequence, {
      hidden: true,
      keepTape: false,
    });
    return { characters: [...this.vocabulary.decode(tokens)], states: hidden };
  }

  /** Norms of the gradient by lag, of each layer, over the beginning of a stretch of the text. */
  async flow(text: string): Promise<number[][] | undefined> {
    const tokens = this.vocabulary.encode(text, { unknown: "skip" }).slice(0, FLOW_STEPS + 1);
    const steps = tokens.length - 1;
    if (steps < 2) return undefined;
    const flow = await this.network.gradientFlow(
      { steps, batch: 1, tokens: tokens.slice(0, steps) },
      { classes: tokens.slice(1) },
    );
    return flow.layers.map((layer) => [...layer.norms]);
  }

  async save(): Promise<Uint8Array> {
    return this.network.save({ [VOCABULARY_KEY]: this.vocabulary.characters });
  }

  /** All that the present training depends on, if there is one. */
  async checkpoint(): Promise<Pick<KeptRun, "checkpoint" | "characters" | "settings" | "text"> | undefined> {
    const { present } = this;
    if (present === undefined) return undefined;
    const { training, settings, text } = present;
    return { checkpoint: await training.save(), characters: this.vocabulary.characters, settings, text };
  }

  private resumed(): Promise<void> {
    return new Promise((resolve) => {
      this.resume = resolve;
    });
  }

  private begin(settings: Settings, text: string): RemoteTraining {
    const { data, options } = trainingOf(this.vocabulary, settings, text);
    return this.network.train(data, options);
  }

  private async follow(run: Run, events: TrainerEvents): Promise<void> {
    this.present = run;
    try {
      for await (const progress of run.training) {
        if (this.present !== run) return;
        events.progress(progress);
        while (!this.running && this.present === run) await this.resumed();
      }
    } catch (error) {
      this.running = false;
      if (this.present === run) this.present = undefined;
      events.failed(error);
    }
  }
}
