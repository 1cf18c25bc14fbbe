/** Hidden units over a text: a column for each character, a row for each unit, blue above 0 and orange below. */

import { colour } from "./chart-theme.js";

const CELL_WIDTH = 14;
/** All units share this height, so that many make thin rows. */
const MOST_HEIGHT = 480;
const HEADER = 22;

export class HeatMap {
  private readonly canvas: HTMLCanvasElement;
  private readonly caption: HTMLElement;
  private shown: { characters: readonly string[]; hidden: Float32Array; units: number } | undefined;

  constructor(canvas: HTMLCanvasElement, caption: HTMLElement) {
    this.canvas = canvas;
    this.caption = caption;
    canvas.addEventListener("pointermove", ({ offsetX, offsetY }) => {
      this.describe(offsetX, offsetY);
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      if (this.shown !== undefined) this.show(this.shown.characters, this.shown.hidden, this.shown.units);
    });
  }

  /** `hidden`: [T, units], of a character each row. */
  show(characters: readonly string[], hidden: Float32Array, units: number): void {
    this.shown = { characters, hidden, units };
    const row = this.rowHeight;
    const scale = devicePixelRatio;
    const [width, height] = [characters.length * CELL_WIDTH, HEADER + units * row];
    const { canvas } = this;
    [canvas.width, canvas.height] = [Math.max(1, width * scale), height * scale];
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const context = canvas.getContext("2d");
    if (context === null) return;
    context.scale(scale, scale);
    const [positive, negative, text] = ["--positive", "--negative", "--text"].map(colour);
    context.font = "14px ui-monospace, monospace";
    context.textAlign = "center";
    characters.forEach((character, t) => {
      context.globalAlpha = 1;
      context.fillStyle = text ?? "black";
      context.fillText(visible(character), (t + 0.5) * CELL_WIDTH, 15);
      for (let unit = 0; unit < units; unit++) {
        const value = hidden[t * units + unit] ?? 0;
        context.globalAlpha = Math.min(1, Math.abs(value));
        context.fillStyle = (value < 0 ? negative : positive) ?? "gray";
        context.fillRect(t * CELL_WIDTH, HEADER + unit * row, CELL_WIDTH, row);
      }
    });
    this.caption.textContent = `${units} units over ${characters.length} characters; point at one to read it`;
  }

  private get rowHeight(): number {
    return Math.max(2, Math.min(14, MOST_HEIGHT / (this.shown?.units ?? 1)));
  }

  private describe(x: number, y: number): void {
    if (this.shown === undefined) return;
    const { characters, hidden, units } = this.shown;
    const [t, unit] = [Math.floor(x / CELL_WIDTH), Math.floor((y - HEADER) / this.rowHeight)];
    const value = hidden[t * units + unit];
    const character = characters[t];
    if (value === undefined || character === undefined || unit < 0) return;
    this.caption.textContent = `unit ${unit + 1} after “${visible(character)}”: ${value.toFixed(3)}`;
  }
}

function visible(character: string): string {
  return character === "\n" ? "⏎" : character === " " ? "␣" : character;
}
