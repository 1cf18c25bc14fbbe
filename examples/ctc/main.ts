/**
 * Reads lines of handwritten digits. A line is the path of a pen over three to six digits. Only its digits are known, not
 * where each begins and ends: `ctc()` adds up all the ways in which they could lie along the line.
 */
import { adam, createNetwork, ctc, ctcDecode, evaluate, predict, train } from "bptt";

/** Strokes of 0 to 9: points "xy" on a grid, with a "/" where the pen is lifted. */
const digits = (
  "10 01 03 14 23 21 10, 01 10 14, 01 10 21 04 24, 00 20 12 23 14 03, 10 02 22 / 21 24, 20 00 02 12 23 14 04, " +
  "20 02 03 14 23 12 03, 00 20 14, 10 01 23 14 03 21 10, 21 10 01 12 21 14"
)
  .split(", ")
  .map((strokes) => strokes.split(" / ").map((stroke) => stroke.split(" ")));

let seed = 1;
const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647; // Park & Miller 1988
const between = (low: number, high: number) => low + (high - low) * random();

/** Writes three to six digits in a slant, size and speed of their own, every point and step a little off. */
function writeLine() {
  const [slant, size, speed] = [between(-0.5, 0.5), between(0.7, 1.3), between(0.6, 1.2)];
  const labels = Array.from({ length: between(3, 7) }, () => Math.floor(between(1, 11))); // 0 is ctc's blank.
  const path: number[] = []; // [T, 3]: how far the pen moves across and down, and 1 where it is on the paper.
  let [x, y, left] = [0, 0, 0];
  for (const label of labels) {
    for (const stroke of digits[label - 1])
      for (const [point, [column, row]] of stroke.entries()) {
        const toY = size * (Number(row) + between(-0.4, 0.4));
        const toX = size * (left + Number(column) + between(-0.4, 0.4)) - slant * toY;
        const steps = Math.ceil(Math.hypot(toX - x, toY - y) / speed / between(0.8, 1.2));
        for (let i = 0; i < steps; i++)
          path.push(...[toX - x, toY - y].map((way) => way / steps + between(-0.2, 0.2)), Math.sign(point));
        [x, y] = [toX, toY];
      }
    left += between(2.6, 3.4);
  }
  return { labels, steps: path.length / 3, values: Float32Array.from(path) };
}

/** Puts lines side by side, [T, B, 3]; what stands past the end of a shorter one does not count. */
function createWindow(lines: ReturnType<typeof writeLine>[]) {
  const lengths = Int32Array.from(lines, (line) => line.steps);
  const [steps, batch] = [Math.max(...lengths), lines.length];
  const values = new Float32Array(steps * batch * 3);
  for (const [b, line] of lines.entries())
    line.values.forEach((value, i) => (values[(Math.floor(i / 3) * batch + b) * 3 + (i % 3)] = value));
  const labels = Int32Array.from(lines.flatMap((line) => line.labels));
  const labelLengths = Int32Array.from(lines, (line) => line.labels.length);
  return { inputs: { steps, batch, values, lengths }, targets: { labels, labelLengths } };
}

const updates = Number(process.argv[2] ?? 1500);
const writeLines = (count: number) => Array.from({ length: count }, writeLine);
const lines = writeLines(200); // Not to be trained on.
const heldOut = createWindow(lines);
const data = Array.from({ length: updates }, () => createWindow(writeLines(8)));

const sizes = { inputSize: 3, hiddenSize: 32, outputSize: 11 };
const network = createNetwork({ ...sizes, cell: "lstm", bidirectional: true });
const schedule = (step: number) => 0.01 / (1 + step / 500);
const options = { loss: ctc(), optimizer: adam(), schedule, clipNorm: 1 };
for await (const { step, loss, epochEnd } of train(network, data, options)) {
  if (step % 100 > 0 || epochEnd) continue;
  const { editDistance = NaN, labelErrorRate = NaN } = await evaluate(network, [heldOut], { loss: ctc() });
  const errors = `${editDistance.toFixed(2)} edits a line, ${(100 * labelErrorRate).toFixed(1)} % of the digits`;
  console.log(`update ${step}: loss ${loss.toFixed(3)}, held out ${errors}`);
}

const text = ([labels]: ArrayLike<number>[]) => Array.from(labels, (label) => label - 1).join("");
for (const { labels, steps, values } of lines.slice(0, 10)) {
  const [outputs] = predict(network, [{ steps, values }]);
  const path = text(ctcDecode(outputs, { steps, batch: 1 }));
  const beam = text(ctcDecode(outputs, { steps, batch: 1, beam: 16 }));
  console.log(`written ${text([labels])}: best path ${path}, beam of 16 ${beam}`);
}
