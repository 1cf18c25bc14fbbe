/** Cuts text into words, symbols and white space, of which it can be put together again. */

import {
  ATTACHED,
  beginsWord,
  classOf,
  DIGIT,
  FLAG,
  LETTER,
  MODIFIER,
  PICTURE,
  SPACE,
} from "./character-class.js";
import { codeAt, isSurrogate, unitsOf } from "./code-points.js";

/** Inside a word before a letter: `don't`, `rock’n’roll`, and their Hebrew kin. */
const APOSTROPHES: ReadonlySet<number> = new Set([0x27, 0x2019, 0x5f3, 0x5f4]);
/** Inside a number, between digits: `3.14`, `1,000`, and the separators of Arabic and Persian digits. */
const SEPARATORS: ReadonlySet<number> = new Set([0x2e, 0x2c, 0x66b, 0x66c]);
const BLANK = 0x20;
const JOINER = 0x200d;

/**
 * Units of a piece, of which the last character may have one more: a longer one is cut there, so that a text that comes in parts
 * is held back no further, and has the same pieces as the whole.
 */
export const LONGEST_PIECE = 4096;

/** What the unknown token decodes to, Unicode's replacement character; in a text it is the unknown token. */
export const UNKNOWN = "\ufffd";

/** Takes a piece; `word` says whether it is one. */
export type TakePiece = (piece: string, word: boolean) => void;

/** Signals that more text is needed to say where a piece ends. */
const WAITS = -1;

/** Returns whether the piece is a word, rather than a symbol or white space. */
export function isWord(piece: string): boolean {
  return beginsWord(classOf(codeAt(piece, 0)));
}

/**
 * Returns simpler pieces that stand for a rare one: a symbol without its blanks, each character of a run of white space. None
 * for what is simple.
 */
export function simplerPieces(piece: string): readonly string[] {
  const bare = piece.trim();
  if (bare === "") return piece.length > 1 ? Array.from(piece) : [];
  return bare === piece ? [] : [bare];
}

/** Looks for the ends of a text's pieces; where the text may go on, they may depend on what follows. */
class PieceEnds {
  private readonly text: string;
  /** Whether nothing follows. */
  private readonly whole: boolean;

  constructor(text: string, whole: boolean) {
    this.text = text;
    this.whole = whole;
  }

  /** Returns the code point at a place, -1 behind the end, or undefined where it has not come yet. */
  peek(at: number): number | undefined {
    const { text, whole } = this;
    if (at >= text.length) return whole ? -1 : undefined;
    const code = codeAt(text, at);
    const half = isSurrogate(code) && code < 0xdc00 && at === text.length - 1;
    return half && !whole ? undefined : code;
  }

  /** Returns the class of the character at a place, 0 behind the end, or undefined where it has not come yet. */
  peekClass(at: number): number | undefined {
    const code = this.peek(at);
    if (code === undefined) return undefined;
    return code < 0 ? 0 : classOf(code);
  }

  /** Returns where the piece that begins at `from` ends, or WAITS. */
  endOf(from: number): number {
    const code = this.peek(from);
    if (code === undefined) return WAITS;
    const kind = classOf(code);
    if (beginsWord(kind)) return this.endOfWord(from);
    if (kind !== SPACE) return this.endOfSymbol(from);
    if (code !== BLANK) return this.endOfRun(from);
    const next = this.peekClass(from + 1);
    if (next === undefined) return WAITS;
    return next === 0 || next === SPACE || beginsWord(next)
      ? this.endOfRun(from)
      : this.endOfSymbol(from + 1);
  }

  /** Of white space: the same character again and again. */
  private endOfRun(from: number): number {
    const { text } = this;
    const most = from + LONGEST_PIECE;
    let at = from + 1;
    while (at < most && at < text.length && text.charCodeAt(at) === text.charCodeAt(from)) at++;
    return at === most || at < text.length || this.whole ? at : WAITS;
  }

  /** Of letters, marks and digits; after Unicode Standard Annex 29, rules WB4 to WB13b. */
  private endOfWord(from: number): number {
    const most = from + LONGEST_PIECE;
    let last = 0;
    let at = from;
    while (at < most) {
      const code = this.peek(at);
      if (code === undefined) return WAITS;
      if (code < 0) return at;
      const kind = classOf(code);
      if (beginsWord(kind)) last = kind;
      else if (kind !== ATTACHED) {
        const apostrophe = APOSTROPHES.has(code);
        if (!apostrophe && !(last === DIGIT && SEPARATORS.has(code))) return at;
        const next = this.peekClass(at + 1);
        if (next === undefined) return WAITS;
        if (next !== (apostrophe ? LETTER : DIGIT)) return at;
      }
      at += unitsOf(code);
    }
    return at;
  }

  /** Of one symbol with what is attached to it, and the one blank behind it. */
  private endOfSymbol(from: number): number {
    const most = from + LONGEST_PIECE;
    const first = codeAt(this.text, from);
    let at = from + unitsOf(first);
    if (classOf(first) === FLAG) {
      const next = this.peek(at);
      if (next === undefined) return WAITS;
      if (next >= 0 && classOf(next) === FLAG) at += unitsOf(next);
    }
    for (let joined = false; ;) {
      const code = this.peek(at);
      if (code === undefined) return WAITS;
      const kind = code < 0 ? 0 : classOf(code);
      if (kind !== ATTACHED && kind !== MODIFIER && !(joined && kind === PICTURE)) break;
      joined = code === JOINER;
      at += unitsOf(code);
      if (at >= most) return at;
    }
    if (this.peek(at) !== BLANK) return at;
    const next = this.peekClass(at + 1);
    if (next === undefined) return WAITS;
    return next === SPACE ? at : at + 1;
  }
}

/**
 * Cuts a text that comes in parts. A word is of letters, their marks, digits and connectors, with apostrophes before letters
 * and separators between digits; a symbol is any other character, with the one blank before it and the one behind it, a
 * single one between two symbols being the first one's; white space is a run of one character. A single blank between two
 * words is no piece: it goes without saying.
 */
export class PieceCutter {
  private held = "";
  private afterWord = false;

  /** Takes the pieces of the next part that nothing behind it can change. */
  push(part: string, take: TakePiece): void {
    this.cut(this.held + part, false, take);
  }

  /** Takes the pieces that are left, those of a last part among them. */
  finish(take: TakePiece, part = ""): void {
    this.cut(this.held + part, true, take);
  }

  private cut(text: string, whole: boolean, take: TakePiece): void {
    const ends = new PieceEnds(text, whole);
    let from = 0;
    while (from < text.length) {
      const end = ends.endOf(from);
      if (end === WAITS) break;
      const gap = this.afterWord && end === from + 1 && text.charCodeAt(from) === BLANK;
      const word = beginsWord(classOf(codeAt(text, from)));
      if (!(gap && end < text.length && beginsWord(classOf(codeAt(text, end))))) {
        take(text.slice(from, end), word);
        this.afterWord = word;
      }
      from = end;
    }
    this.held = text.slice(from);
  }
}
