/** Says what a character is to a text that is cut into words. */

/** The parts that characters play, as small numbers: they are looked up for every character of a text. */
export const LETTER = 1;
export const DIGIT = 2;
/** Other numbers, and what connects words: `²`, `½`, `_`. */
export const CONNECTOR = 3;
/** Belongs to the character before it: combining marks, the zero-width joiner and non-joiner, the soft hyphen. */
export const ATTACHED = 4;
export const SPACE = 5;
/** A letter that is a word of its own, in scripts that are written without spaces; and all that is none of the others. */
export const SYMBOL = 6;
/** A picture that may join the one before it (👩‍🚀). */
export const PICTURE = 7;
/** A colour of the picture before it. */
export const MODIFIER = 8;
/** Half of a flag. */
export const FLAG = 9;

const ATTACHES = /[\p{M}\u00ad\u200c\u200d]/u;
const IDEOGRAPH = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;
const patterns: readonly (readonly [number, RegExp])[] = [
  [SPACE, /\s/u],
  [ATTACHED, ATTACHES],
  [SYMBOL, IDEOGRAPH],
  [LETTER, /\p{L}/u],
  [DIGIT, /\p{Nd}/u],
  [CONNECTOR, /[\p{N}\p{Pc}]/u],
  [FLAG, /\p{Regional_Indicator}/u],
  [MODIFIER, /\p{Emoji_Modifier}/u],
  [PICTURE, /\p{Extended_Pictographic}/u],
];

/** Classes of the code points below 0x10000 that came up, 0 for the others. */
let known: Uint8Array | undefined;

function findClass(code: number): number {
  const character = String.fromCodePoint(code);
  return patterns.find(([, pattern]) => pattern.test(character))?.[0] ?? SYMBOL;
}

/** Returns the class of a code point. */
export function classOf(code: number): number {
  if (code >= 0x1_0000) return findClass(code);
  known ??= new Uint8Array(0x1_0000);
  if (known[code] === 0) known[code] = findClass(code);
  return known[code];
}

/** Returns whether a word may begin with a character of the class. */
export function beginsWord(kind: number): boolean {
  return kind === LETTER || kind === DIGIT || kind === CONNECTOR;
}
