/** Converts text to the bytes of its UTF-8 and back. */

import { requireText, requireWhole } from "./code-points.js";
import { requireTokenList } from "./token-list.js";
import {
  encoderOf,
  requireUnknown,
  type EncodeOptions,
  type PartEncoder,
  type Vocabulary,
} from "./vocabulary.js";

const encoder = new TextEncoder();
// A byte order mark is a character like any other: the decoder would drop it.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const HALVES = /\p{Surrogate}/gu;

/**
 * Numbers the bytes of UTF-8: 256 tokens that write every text in every script, and need no text to be made of. A character
 * takes one token to four.
 */
export class ByteVocabulary implements Vocabulary {
  readonly size = 256;

  /**
   * Returns the text's bytes. Half of a surrogate pair, which has none, is a RangeError, or is left out with
   * `unknown: "skip"`. Throws a TypeError for anything but a string.
   */
  encode(text: string, options: EncodeOptions = {}): Int32Array {
    return this.encodeAt(requireText(text), requireUnknown(options, "throw"), 0);
  }

  /** Begins a text that comes in parts, which do not end within a surrogate pair. */
  encoder(options: EncodeOptions = {}): PartEncoder {
    const unknown = requireUnknown(options, "throw");
    return encoderOf((part, before) => this.encodeAt(part, unknown, before));
  }

  private encodeAt(text: string, unknown: "throw" | "skip", before: number): Int32Array {
    if (unknown === "throw") requireWhole(text, before);
    return Int32Array.from(encoder.encode(unknown === "skip" ? text.replace(HALVES, "") : text));
  }

  /**
   * Returns the text of the bytes, U+FFFD (�) where they are not UTF-8, as the WHATWG's decoder does it: so where they begin or
   * end within a character. Throws a RangeError for a token that is not in [0, 256), and a TypeError for an element that is no
   * number.
   */
  decode(tokens: ArrayLike<number>): string {
    return decoder.decode(Uint8Array.from(requireTokenList("tokens", tokens, this.size)));
  }
}
