/** Finds what the library's functions make. */

import * as library from "../../src/index.js";

/** The functions of the library, by name, that make of these options what `is` says. */
export function makersOf(options: object, is: (made: unknown) => boolean): Record<string, unknown> {
  const makes = (create: unknown): boolean => {
    if (typeof create !== "function") return false;
    try {
      const made: unknown = Reflect.apply(create, undefined, [options]);
      // What is not of use as it was called may say so later.
      if (made instanceof Promise) made.catch(() => undefined);
      return is(made);
    } catch {
      return false;
    }
  };
  return Object.fromEntries(Object.entries(library).filter(([, value]) => makes(value)));
}
