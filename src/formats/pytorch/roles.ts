/** Tells a state dict's head and embedding. */

import { FormatError } from "../../errors.js";
import { describeTensor, quoteName } from "../float-tensors.js";
import { findModule, list, type PlainModule } from "./modules.js";

/** What the caller says of a role: its prefix, null for none, undefined for what is found. */
export interface Wishes {
  readonly head: string | null | undefined;
  readonly embedding: string | null | undefined;
}

/** The widths that the recurrent module's neighbours have. */
export interface Widths {
  /** Of its inputs: the columns of an embedding. */
  readonly inputs: number;
  /** Of its states, all directions side by side: the columns of a head. */
  readonly states: number;
}

export interface Roles {
  readonly head: PlainModule | undefined;
  readonly embedding: PlainModule | undefined;
}

const columnsOf = ({ weight }: PlainModule): number => weight.shape[1];

/** Returns whether both have the same values, so that it does not matter which is which. */
type Same = (a: PlainModule, b: PlainModule) => boolean;

function refuse(modules: readonly PlainModule[], { inputs, states }: Widths): never {
  const found = modules.map(
    ({ weight, bias }) =>
      `${quoteName(weight.name)} ${describeTensor(weight)}${bias === undefined ? "" : " with a bias"}`,
  );
  throw new FormatError(
    `expected at most one head (weight [O, ${states}]) and one embedding (weight [I, ${inputs}], no bias) that can be told apart, ` +
      `got ${list(found)}: "options.head" and "options.embedding" choose, null for none`,
  );
}

/** Returns both where nothing is chosen: every module must have a role, in one way. */
function findBoth(modules: readonly PlainModule[], widths: Widths, same: Same): Roles {
  const canBeHead = (module: PlainModule): boolean => columnsOf(module) === widths.states;
  const canBeEmbedding = (module: PlainModule): boolean =>
    module.bias === undefined && columnsOf(module) === widths.inputs;
  if (modules.length > 2) refuse(modules, widths);
  const [first, second] = modules as readonly (PlainModule | undefined)[];
  const orders: Roles[] = [
    { head: first, embedding: second },
    { head: second, embedding: first },
  ];
  const [found, other] = orders.filter(
    ({ head, embedding }) =>
      (head === undefined || canBeHead(head)) && (embedding === undefined || canBeEmbedding(embedding)),
  ) as readonly (Roles | undefined)[];
  if (first === undefined) return { head: undefined, embedding: undefined };
  if (found === undefined) refuse(modules, widths);
  if (other === undefined || (second !== undefined && same(first, second))) return found;
  refuse(modules, widths);
}

/**
 * Returns the modules of both roles. What a wish leaves out for a role stays out: once the head is chosen, all that could have been
 * one; once the embedding is, all that have no bias. Throws a FormatError that names all modules among which there is no telling,
 * and one that fits nowhere.
 */
export function chooseRoles(
  modules: readonly PlainModule[],
  widths: Widths,
  { head, embedding }: Wishes,
  same: Same,
): Roles {
  const chosenHead = typeof head === "string" ? findModule("head", modules, head) : undefined;
  const chosenEmbedding =
    typeof embedding === "string" ? findModule("embedding", modules, embedding) : undefined;
  if (chosenEmbedding?.bias !== undefined) {
    throw new FormatError(
      `tensor ${quoteName(chosenEmbedding.bias.name)} expected none beside an embedding, got one: "options.embedding" chose it`,
    );
  }
  const left = modules.filter((module) => module !== chosenHead && module !== chosenEmbedding);
  if (head === undefined && embedding === undefined) return findBoth(left, widths, same);
  const onlyOne = (candidates: readonly PlainModule[]): PlainModule | undefined =>
    candidates.length > 1 ? refuse(candidates, widths) : candidates.at(0);
  if (embedding === undefined) {
    const fitting = left.filter((one) => one.bias === undefined && columnsOf(one) === widths.inputs);
    return { head: chosenHead, embedding: onlyOne(fitting) };
  }
  if (head !== undefined) return { head: chosenHead, embedding: chosenEmbedding };
  const fitting = left.filter((one) => one.bias !== undefined || columnsOf(one) === widths.states);
  return { head: onlyOne(fitting), embedding: chosenEmbedding };
}
