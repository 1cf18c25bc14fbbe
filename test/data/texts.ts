/** Texts for the tests of what reads texts. */

import fc from "fast-check";

/** Whole characters of all kinds, those that words and symbols are told apart by the more often. */
export const character = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...Array.from("ab Zé'.,-0 9_\n\t\r(\"?")) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...Array.from("’½٣٫ßя水の\u0301\u00ad\u200c\u200d\u2028\u00a0\ufeff\ufffd𝄞𝐚😀👩🚀🏽🇩🇪"),
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 1 }) },
);

/** A text without half of a surrogate pair. */
export const wholeText = fc.array(character, { maxLength: 60 }).map((list) => list.join(""));

/** Any string of 16-bit units. */
export const anyString = fc
  .array(
    fc.oneof(
      { weight: 5, arbitrary: character },
      {
        weight: 1,
        arbitrary: fc.integer({ min: 0xd800, max: 0xdfff }).map((unit) => String.fromCharCode(unit)),
      },
    ),
    { maxLength: 60 },
  )
  .map((list) => list.join(""));

/** The same bytes or characters in pieces, some of them empty. */
export function cutAt<Whole extends string | Uint8Array>(whole: Whole, places: readonly number[]): Whole[] {
  const ends = places.map((place) => place % (whole.length + 1)).sort((a, b) => a - b);
  const cut = [0, ...ends].map((from, i) => whole.slice(from, ends[i] ?? whole.length));
  return cut as Whole[];
}

export const places = fc.array(fc.nat(1000), { maxLength: 8 });
