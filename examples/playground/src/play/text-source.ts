/** Where the text comes from: pasted, dropped, opened, or one of the examples. */

import { find } from "../find.js";
import { texts } from "./texts.js";

/** A page should not read more: characters. */
const MOST = 20_000_000;

export class TextSource {
  private readonly area = find("text", HTMLTextAreaElement);
  private readonly examples = find("examples", HTMLSelectElement);
  private readonly failed: (message: string) => void;

  constructor(failed: (message: string) => void) {
    this.failed = failed;
    this.examples.replaceChildren(...Object.keys(texts).map((name) => new Option(name, name)));
    this.examples.addEventListener("change", () => {
      this.set(texts[this.examples.value] ?? "");
    });
    this.area.addEventListener("input", () => {
      this.showSize();
    });
    const input = find("text-file", HTMLInputElement);
    input.addEventListener("change", () => {
      const [file] = input.files ?? [];
      input.value = "";
      if (file !== undefined) void this.open(file);
    });
    this.takeDrops();
    this.set(texts[this.examples.value] ?? "");
  }

  get text(): string {
    return this.area.value;
  }

  set(text: string): void {
    this.area.value = text;
    this.showSize();
  }

  private showSize(): void {
    const characters = [...this.text];
    const kinds = new Set(characters).size;
    find("text-size", HTMLElement).textContent = `${characters.length} characters, ${kinds} different ones`;
  }

  private takeDrops(): void {
    const { area } = this;
    area.addEventListener("dragover", (event) => {
      event.preventDefault();
      area.classList.add("dropping");
    });
    area.addEventListener("dragleave", () => {
      area.classList.remove("dropping");
    });
    area.addEventListener("drop", (event) => {
      event.preventDefault();
      area.classList.remove("dropping");
      const [file] = event.dataTransfer?.files ?? [];
      if (file !== undefined) void this.open(file);
      else this.set(event.dataTransfer?.getData("text") ?? "");
    });
  }

  private async open(file: File): Promise<void> {
    if (file.size > MOST) {
      this.failed(`${file.name} is larger than ${MOST / 1e6} MB, which is more than this page reads.`);
      return;
    }
    try {
      this.set(await file.text());
    } catch (error) {
      this.failed(`${file.name} could not be read: ${String(error)}`);
    }
  }
}
