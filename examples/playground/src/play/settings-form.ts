/** The form of settings: what stands in it, whether it may, and the page's address that follows it. */

import { cellNames } from "bptt";
import { find } from "../find.js";
import { offers, rules } from "./rules.js";
import { numberNames, ranges, readNumber, readSettings, writeSettings, type Settings } from "./settings.js";

export class SettingsForm {
  private readonly form = find("settings", HTMLFormElement);
  private readonly changed: () => void;
  private current = readSettings(location.hash);

  constructor(changed: () => void) {
    this.changed = changed;
    this.fillChoices();
    this.form.addEventListener("input", () => {
      this.read();
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
    });
    addEventListener("hashchange", () => {
      this.set(readSettings(location.hash));
      this.changed();
    });
    this.set(this.current);
  }

  get settings(): Settings {
    return this.current;
  }

  /** Whether all that stands in the form may stand there; says what does not where it is. */
  check(): boolean {
    return this.form.reportValidity();
  }

  set(settings: Settings): void {
    this.current = settings;
    for (const name of numberNames) this.input(name).value = String(settings[name]);
    this.input("cell").value = settings.cell;
    this.input("rule").value = settings.rule;
    this.show();
  }

  private input(name: keyof Settings): HTMLInputElement | HTMLSelectElement {
    const found = this.form.elements.namedItem(name);
    if (found instanceof HTMLInputElement || found instanceof HTMLSelectElement) return found;
    throw new Error(`the form has no "${name}"`);
  }

  private fillChoices(): void {
    const cell = this.input("cell");
    cell.replaceChildren(...cellNames.map((name) => new Option(name)));
    this.input("rule").replaceChildren(...rules.map((name) => new Option(offers[name].name, name)));
    for (const name of numberNames) {
      const input = this.input(name);
      if (!(input instanceof HTMLInputElement)) continue;
      [input.min, input.max] = [String(ranges[name].least), String(ranges[name].most)];
      input.required = true;
    }
  }

  private read(): void {
    const numbers = numberNames.map((name) => [name, readNumber(name, this.input(name).value)] as const);
    if (numbers.some(([, value]) => value === undefined)) return;
    const { cell, rule } = this.current;
    this.current = {
      ...this.current,
      ...Object.fromEntries(numbers),
      cell: cellNames.find((name) => name === this.input("cell").value) ?? cell,
      rule: rules.find((name) => name === this.input("rule").value) ?? rule,
    };
    history.replaceState(null, "", location.pathname + location.search + writeSettings(this.current));
    this.show();
    this.changed();
  }

  private show(): void {
    const { rule } = this.current;
    find("rule-hint", HTMLElement).textContent = offers[rule].hint;
    this.input("back").disabled = rule !== "tbptt";
  }
}
