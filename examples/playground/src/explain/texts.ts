/** All that the page says, in a language. Formulas stay as they are, from left to right. */
export interface Texts {
  readonly language: string;
  readonly direction: "ltr" | "rtl";
  readonly title: string;
  readonly introduction: string;
  readonly otherLanguage: string;
  readonly toPlayground: string;
  readonly noEngine: string;
  readonly wordLabel: string;
  readonly wordHint: (longest: number) => string;
  readonly strengthLabel: string;
  readonly strengthHint: string;
  readonly backLabel: string;
  readonly backHint: string;
  readonly previous: string;
  readonly next: string;
  readonly play: string;
  readonly pause: string;
  readonly learn: string;
  readonly renew: string;
  readonly diagram: string;
  readonly forwardHeading: (t: number, letter: string) => string;
  readonly forward: readonly string[];
  readonly lossLine: (target: string, probability: string, loss: string) => string;
  readonly backwardHeading: (t: number) => string;
  readonly backward: readonly string[];
  readonly cutLine: (back: number) => string;
  readonly unit: string;
  readonly truncationHeading: string;
  readonly truncation: string;
  readonly truncationLine: (back: number, cosine: string, difference: string) => string;
  readonly lagHeading: string;
  readonly lagText: string;
  readonly lagAxis: string;
  readonly totalLoss: (loss: string) => string;
  readonly legend: { readonly positive: string; readonly negative: string };
  /** Whole numbers as the language writes them. */
  readonly count: (n: number) => string;
}
