/** States that stand side by side: of directions, of layers, or of both. */

import type { Call } from "./call.js";
import { numberOf, reshapeAxes, sameAxis, type Atom, type Axis, type Size } from "./sizes.js";
import type { Flow } from "./values.js";

function countOf(atoms: Axis): number {
  return atoms.reduce((product, { size = 1 }) => product * size, 1);
}

/** Returns the axes with others in place of some of their dimensions. */
function replaceAtoms(axes: readonly Axis[], replacements: ReadonlyMap<Atom, Axis>): Axis[] {
  return axes.map((axis) => axis.flatMap((atom) => replacements.get(atom) ?? [atom]));
}

/** Returns where in the stack of states some neighbouring dimensions of it begin; undefined where `dims` are none. */
export function placeInStack({ stack, content }: Flow, dims: Axis): number | undefined {
  const at = content.of !== "states" || dims.length === 0 ? -1 : stack.indexOf(dims[0]);
  return at >= 0 && sameAxis(stack.slice(at, at + dims.length), dims) ? at : undefined;
}

/** Returns the states at the given places along dimensions of the stack, in this order; undefined for other dimensions and no places. */
export function takeStates(call: Call, flow: Flow, dims: Axis, places: readonly number[]): Flow | undefined {
  const { stack, content } = flow;
  const at = placeInStack(flow, dims);
  if (content.of !== "states" || at === undefined || places.length === 0) return undefined;
  const count = countOf(dims);
  const outer = countOf(stack.slice(0, at));
  const inner = countOf(stack.slice(at + dims.length));
  const chosen = places.map((place) => call.axisOf(place, count));
  call.walk.keep(outer * chosen.length * inner); // now: a node may name one place many times
  const entries = Array.from({ length: outer }, (_, o) =>
    chosen.flatMap((place) => {
      const from = (o * count + place) * inner;
      return content.entries.slice(from, from + inner);
    }),
  ).flat();
  const taken = call.walk.axis(chosen.length);
  const replacements = new Map(dims.map((atom, i) => [atom, i === 0 ? taken : []]));
  return {
    ...flow,
    content: { of: "states", entries },
    axes: replaceAtoms(flow.axes, replacements),
    stack: replaceAtoms([stack], replacements).flat(),
  };
}

/**
 * Returns the axes that Reshape makes of a flow's, as `reshapeAxes` does, where it splits the states side by side in two dimensions:
 * those of layers and directions, whose final states PyTorch has in one.
 */
export function splitStack(
  call: Call,
  flow: Flow,
  shape: readonly (Size | undefined)[],
  zeros: boolean,
): Flow | undefined {
  const [whole] = flow.stack;
  if (flow.content.of !== "states" || flow.stack.length !== 1) return undefined;
  const count = countOf(flow.stack);
  for (const size of shape) {
    const part = size === undefined ? undefined : numberOf(size);
    if (part === undefined || part <= 1 || part >= count || count % part !== 0) continue;
    for (const outer of [part, count / part]) {
      const stack = [...call.walk.axis(outer), ...call.walk.axis(count / outer)];
      const axes = reshapeAxes(replaceAtoms(flow.axes, new Map([[whole, stack]])), shape, zeros);
      if (axes !== undefined) return { ...flow, axes, stack };
    }
  }
  return undefined;
}
