/**
 * Takes a network that PyTorch trained on many people's gestures (train.py), teaches its last layer one person's way of drawing
 * from five gestures of each shape, and sends it back to PyTorch (back.py). It runs in Node and, bundled, in a page (index.html).
 */
import { adam, evaluate, fromPyTorch, readSafetensors, sequenceSet, toPyTorch, train } from "bptt";
import { writeSafetensors, type SequenceItem } from "bptt";

const shapes = 4; // circle, eight, zigzag, wave
const T = 24; // steps of a gesture
const names = { rnn: "gru", head: "classify" }; // of the modules in train.py

let seed = 1;
const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647; // Park & Miller 1988

/** A gesture of a person who holds the phone across and draws large: how far the hand moves in each step. */
function draw(shape: number): SequenceItem {
  const [speed, start, tilt] = [0.8 + 0.5 * random(), random(), 1.2 + 0.4 * random()];
  const place = (t: number): [x: number, y: number] => {
    const time = (t / T) * 2 * Math.PI * speed + start;
    if (shape === 0) return [Math.cos(time), Math.sin(time)];
    if (shape === 1) return [Math.sin(time), Math.sin(2 * time)];
    return [time / 3, shape === 2 ? (2 / Math.PI) * Math.asin(Math.sin(3 * time)) : Math.sin(time)];
  };
  const values = Float32Array.from({ length: 2 * T }, (_, i) => {
    const [before, after] = [place(i >> 1), place((i >> 1) + 1)];
    const [dx, dy] = [after[0] - before[0], after[1] - before[1]];
    const turned =
      i % 2 === 0 ? Math.cos(tilt) * dx - Math.sin(tilt) * dy : Math.sin(tilt) * dx + Math.cos(tilt) * dy;
    return 1.5 * turned + 0.3 * (random() - 0.5);
  });
  return { inputs: { steps: T, values }, targets: { class: shape } };
}
const gestures = (count: number) => Array.from({ length: count }, (_, i) => draw(i % shapes));

/** Returns the state dict with a head that knows the person, and the gestures that it was measured with. */
export async function personalise(stateDict: Uint8Array, print: (line: string) => void, epochs = 100) {
  const network = fromPyTorch(stateDict, { output: "sequence" });
  const [shown, others] = [gestures(5 * shapes), gestures(400)];
  const measure = async (when: string) => {
    const { accuracy = NaN } = await evaluate(network, sequenceSet(others, { batch: 50 }));
    print(`${when}: ${Math.round(accuracy * others.length)} of ${others.length} gestures told right`);
  };
  await measure("as PyTorch trained it");
  for (const parameter of network.parameters) parameter.trainable = parameter.name.startsWith("head.");
  const data = sequenceSet(shown, { batch: shown.length });
  const training = { optimizer: adam({ learningRate: 0.05 }), epochs };
  for await (const { epoch, loss, epochEnd } of train(network, data, training))
    if (epochEnd && epoch % 25 === 0) print(`epoch ${epoch}: loss ${loss.toFixed(3)}`);
  await measure(`after ${shown.length} gestures of this person`);

  const personal = toPyTorch(network, names);
  const [was, is] = [stateDict, personal].map((file) => readSafetensors(file).tensors);
  const changed = [...is].filter(([name, { data }]) =>
    data.some((byte, i) => byte !== was.get(name)?.data[i]),
  );
  print(`of ${was.size} tensors ${changed.length} changed: ${changed.map(([name]) => name).join(", ")}`);
  const moves = Float32Array.from(
    others.flatMap(({ inputs }) => ("values" in inputs ? [...inputs.values] : [])),
  );
  const kinds = Int32Array.from(others, (_, i) => i % shapes);
  const bytes = ({ buffer }: Float32Array | Int32Array) => new Uint8Array(buffer as ArrayBuffer);
  const measured = new Map([
    ["moves", { dtype: "F32", shape: [others.length, T, 2], data: bytes(moves) }],
    ["kinds", { dtype: "I32", shape: [others.length], data: bytes(kinds) }],
  ]);
  return { "personal.safetensors": personal, "gestures.safetensors": writeSafetensors(measured) };
}

if (typeof document === "undefined") {
  const { mkdirSync, readFileSync, writeFileSync } = await import("node:fs");
  const [epochs = "100", folder = "build/from-pytorch"] = process.argv.slice(2);
  const stateDict = readFileSync(new URL("model.safetensors", import.meta.url));
  const files = await personalise(stateDict, console.log, Number(epochs));
  mkdirSync(folder, { recursive: true });
  for (const [name, file] of Object.entries(files)) writeFileSync(`${folder}/${name}`, file);
}
