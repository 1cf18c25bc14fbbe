/** Layers of cells that ONNX has no operator of: a Scan (opset 11) for each direction, whose body is a step. */

import { layerSuffix } from "../../network/sizes.js";
import { floatValue, integer, integers, type GraphBuilder } from "./graph-builder.js";
import { parameterTensor, transposedTensor, type LayerKind, type LayerPlan } from "./graph-layer.js";
import type { Direction, ScanCell } from "./scan-cells.js";

/** Names of the values that a direction's Scan leaves: all states of h, [T, 1, B, H], and the final ones, [1, B, H]. */
interface ScanNodes {
  readonly states: string;
  readonly final: readonly string[];
}

/** W_ih x_t. A token's one-hot row times W_ihᵀ is a row of it. */
function inputProduct({ parameters, input }: LayerPlan, graph: GraphBuilder, suffix: string): string {
  const weight = transposedTensor(graph, parameters, `rnn.weight_ih_${suffix}`);
  return input.tokens
    ? graph.add("Gather", "product", [weight, input.name], { axis: integer(0) })
    : graph.add("MatMul", "product", [input.name, weight]);
}

function addScan(plan: LayerPlan, d: number, cell: ScanCell): ScanNodes {
  const { parameters, layer, initial } = plan;
  const { hiddenSize: H } = plan.options;
  const suffix = layerSuffix(layer, d);
  const name = `rnn_${suffix}`;
  const graph = plan.graph.part(name);
  const direction: Direction = {
    graph,
    units: H,
    product: inputProduct(plan, graph, suffix),
    tensor: (kind) => parameterTensor(graph, parameters, `rnn.${kind}_${suffix}`),
    transposed: (kind) => transposedTensor(graph, parameters, `rnn.${kind}_${suffix}`),
  };
  const taken = cell.prepare(direction);
  const body = graph.inner("step");
  const before = initial.c.length > 0 ? ["h", "c"] : ["h"];
  const inputs = [
    ...before.map((state) => floatValue(body.name(state), 1, "B", H)),
    ...taken.map(({ blocks }, k) => floatValue(body.name(`taken_${k}`), "B", blocks * H)),
  ];
  const names = inputs.map((value) => value.name);
  const after = cell.step(direction, body, names.slice(0, before.length), names.slice(before.length));
  // An output of its own: a value may be an output of a graph once only.
  const kept = body.add("Identity", "state", [after[0]]);
  const outputs = [...after, kept].map((value) => floatValue(value, 1, "B", H));
  const start = [initial.h, initial.c].flatMap((states) => states.slice(d, d + 1));
  const made = [...before, "states"].map((state) => `${name}/${state}`);
  const scanned = plan.graph.addSeveral("Scan", name, [...start, ...taken.map(({ value }) => value)], made, {
    body: { type: "GRAPH", value: body.innerGraph(inputs, outputs) },
    num_scan_inputs: integer(taken.length),
    scan_input_directions: integers(...taken.map(() => d)),
    scan_output_directions: integers(d),
  });
  return { states: scanned[before.length], final: scanned.slice(0, before.length) };
}

/** Adds nodes that put the directions' values, whose axis `axis` has one element, side by side on the last axis. */
function joinDirections({ graph }: LayerPlan, values: readonly string[], name: string, axis: number): string {
  const [first] = values;
  const joined =
    values.length === 1 ? first : graph.add("Concat", `${name}_apart`, values, { axis: integer(-1) });
  return graph.add("Squeeze", name, [joined, graph.integers(`axis_${axis}`, [axis])]);
}

/** Returns how layers of a cell are made with Scans. */
export function scanLayer(cell: ScanCell, D: number): LayerKind {
  return {
    stateCount: D,
    add(plan) {
      const scans = Array.from({ length: D }, (_, d) => addScan(plan, d, cell));
      const [h, c] = [0, 1].map((state) => scans.flatMap(({ final }) => final.slice(state, state + 1)));
      const states = scans.map((scan) => scan.states);
      const name = `rnn_l${plan.layer}`;
      return {
        final: { h, c },
        joinStates: () => joinDirections(plan, states, `${name}/joined`, 1),
        joinFinalStates: () => joinDirections(plan, h, `${name}/joined_h`, 0),
      };
    },
  };
}
