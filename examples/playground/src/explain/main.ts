/** The page that explains: a word, a place in the walk through it, and what is drawn of them. */

import { find } from "../find.js";
import { hasEngine } from "../support.js";
import "../style.css";
import { drawDiagram, type Place } from "./diagram.js";
import { english } from "./english.js";
import { digits, showLags, showPanel } from "./panel.js";
import { persian } from "./persian.js";
import { LONGEST, readWord, Walker, type Walk, type Word } from "./walk.js";

const parameters = new URLSearchParams(location.search);
const texts = parameters.get("lang") === "fa" ? persian : english;
const FIRST_WORD = texts === persian ? "مامان" : "hello";
const LEARNING_RATE = 0.3;
const PLAY_MILLISECONDS = 900;

const inputs = {
  word: find("word", HTMLInputElement),
  strength: find("strength", HTMLInputElement),
  back: find("back", HTMLInputElement),
};

function write(id: string, text: string): void {
  find(id, HTMLElement).textContent = text;
}

function writeTexts(): void {
  const root = document.documentElement;
  root.lang = texts.language;
  root.dir = texts.direction;
  document.title = texts.title;
  const other = texts === persian ? english : persian;
  const link = find("other-language", HTMLAnchorElement);
  link.href = `?lang=${other.language}`;
  link.lang = other.language;
  write("title", texts.title);
  write("introduction", texts.introduction);
  write("other-language", texts.otherLanguage);
  write("to-playground", texts.toPlayground);
  write("no-engine", texts.noEngine);
  write("word-label", texts.wordLabel);
  write("word-hint", texts.wordHint(LONGEST));
  write("strength-label", texts.strengthLabel);
  write("strength-hint", texts.strengthHint);
  write("back-label", texts.backLabel);
  write("back-hint", texts.backHint);
  write("diagram-text", texts.diagram);
  write("legend-positive", texts.legend.positive);
  write("legend-negative", texts.legend.negative);
  write("previous", texts.previous);
  write("next", texts.next);
  write("play", texts.play);
  write("learn", texts.learn);
  write("renew", texts.renew);
  write("truncation-heading", texts.truncationHeading);
  write("truncation", texts.truncation);
  write("lag-heading", texts.lagHeading);
  write("lag-text", texts.lagText);
}

class Page {
  private walker: Walker;
  private walk: Walk;
  private position = 0;
  private seed = 3;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(word: Word) {
    this.walker = new Walker(word, this.seed);
    this.walk = this.walker.walk();
    inputs.back.value = String(LONGEST);
    this.renew(word);
  }

  listen(): void {
    inputs.word.addEventListener("input", () => {
      const word = readWord(inputs.word.value);
      inputs.word.setCustomValidity(word === undefined ? texts.wordHint(LONGEST) : "");
      inputs.word.reportValidity();
      if (word !== undefined) this.renew(word);
    });
    inputs.strength.addEventListener("input", () => {
      this.walker.strengthen(Number(inputs.strength.value));
      this.compute();
    });
    inputs.back.addEventListener("input", () => {
      this.show();
    });
    this.on("previous", () => {
      this.move(-1);
    });
    this.on("next", () => {
      this.move(1);
    });
    this.on("play", () => {
      if (this.timer === undefined) this.play();
      else this.pause();
    });
    this.on("learn", () => {
      this.walker.learn(LEARNING_RATE);
      inputs.strength.value = "1";
      this.compute();
    });
    this.on("renew", () => {
      this.seed++;
      this.renew(this.walker.word);
    });
  }

  private on(id: string, act: () => void): void {
    find(id, HTMLButtonElement).addEventListener("click", act);
  }

  private renew(word: Word): void {
    this.walker.dispose();
    this.walker = new Walker(word, this.seed);
    const { length } = this.walker;
    inputs.back.max = String(length);
    inputs.strength.value = "1";
    this.position = Math.min(this.position, 2 * length - 1);
    this.compute();
  }

  private compute(): void {
    this.walk = this.walker.walk();
    this.show();
  }

  /** Forwards through all steps, then back. */
  private get place(): Place {
    const { length } = this.walker;
    return this.position < length
      ? { phase: "forward", step: this.position }
      : { phase: "backward", step: 2 * length - 1 - this.position };
  }

  private move(by: number): void {
    const last = 2 * this.walker.length - 1;
    this.position = Math.min(last, Math.max(0, this.position + by));
    if (this.position === last) this.pause();
    this.show();
  }

  private play(): void {
    if (this.position === 2 * this.walker.length - 1) this.position = -1;
    this.timer = setInterval(() => {
      this.move(1);
    }, PLAY_MILLISECONDS);
    this.move(1);
    this.showPlaying();
  }

  private pause(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.showPlaying();
  }

  private showPlaying(): void {
    const button = find("play", HTMLButtonElement);
    const playing = this.timer !== undefined;
    button.textContent = playing ? texts.pause : texts.play;
    button.setAttribute("aria-pressed", String(playing));
  }

  private show(): void {
    const { walk, place } = this;
    const { word, length } = this.walker;
    const back = Number(inputs.back.value);
    const { cosine, relativeDifference } = this.walker.truncated(back);
    drawDiagram(find("diagram", SVGSVGElement), word, walk, place, back);
    showPanel(find("panel", HTMLElement), texts, word, walk, place);
    showLags(find("lags", HTMLElement), texts, walk.byLag, back);
    find("previous", HTMLButtonElement).disabled = this.position === 0;
    find("next", HTMLButtonElement).disabled = this.position === 2 * length - 1;
    write("strength-value", `× ${Number(inputs.strength.value).toFixed(2)}`);
    write("back-value", texts.count(back));
    write("total-loss", texts.totalLoss(digits(walk.loss)));
    write("cut-line", texts.cutLine(back));
    write("truncation-line", texts.truncationLine(back, digits(cosine), digits(relativeDifference)));
  }
}

writeTexts();
const word = readWord(FIRST_WORD);
if (!hasEngine() || word === undefined) find("no-engine", HTMLElement).hidden = false;
else {
  inputs.word.value = FIRST_WORD;
  find("walk", HTMLElement).hidden = false;
  new Page(word).listen();
}
