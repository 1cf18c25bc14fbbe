/**
 * Teaches an agent to remember, by rewards alone. It walks down a corridor to a fork. A lamp at the start says that it must
 * turn right there, no lamp left (after the T-maze of Bakker 2001, "Reinforcement learning with long short-term memory").
 * Any step may be a walk's last, and the next walk then begins unannounced. Hundreds of walks lie in one window: with
 * `resets` each begins from a state of zeros; without them the lamp of a walk cut short is taken for that of the next.
 */
import { adam, createNetwork, softmax, train, type Network, type TrainingWindow } from "bptt";

const updates = Number(process.argv[2] ?? 600);
const [T, B] = [48, 32]; // Steps, and agents side by side.
const [dark, lamp, fork] = [0, 1, 2]; // What it sees,
const [ahead, left, right] = [0, 1, 2]; // and what it may do.

let seed = 1;
const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647; // Park & Miller 1988

/** Begins a walk at step t: 2 to 6 steps to the fork. */
const begin = (t: number) => ({ begun: t, lit: random() < 0.5, place: 0, end: 2 + Math.floor(random() * 5) });

/** Walks for T steps, as the network likes; its actions are the targets, and their rewards the weights. */
function walk(network: Network, resetting: boolean): { window: TrainingWindow; share: number } {
  using session = network.session({ batch: B });
  const [tokens, classes] = [new Int32Array(T * B), new Int32Array(T * B)];
  const [weights, resets] = [new Float32Array(T * B), new Uint8Array(T * B)];
  const walks = Array.from({ length: B }, () => begin(0));
  let [good, bad] = [0, 0];
  for (let t = 0; t < T; t++) {
    walks.forEach(({ begun, lit, place, end }, b) => {
      tokens[t * B + b] = place === end ? fork : lit && place === 0 ? lamp : dark;
      if (resetting && begun === t) resets[t * B + b] = 1;
    });
    session.reset(resets.subarray(t * B, (t + 1) * B));
    const chances = softmax(session.step(tokens.subarray(t * B, (t + 1) * B)), 3);
    walks.forEach(({ begun, lit, place, end }, b) => {
      const drawn = random() - chances[3 * b];
      const action = drawn < 0 ? ahead : drawn < chances[3 * b + left] ? left : right;
      classes[t * B + b] = action;
      const wanted = place < end ? ahead : lit ? right : left;
      const reward = place === end && action === wanted ? 1 : 0;
      // REINFORCE (Williams 1992): every action of a walk weighs as much as the reward at its end.
      for (let s = begun; s <= t; s++) weights[s * B + b] = reward;
      good += reward;
      if (action !== wanted) bad++;
      if (reward === 1 || action !== wanted || random() < 0.3) walks[b] = begin(t + 1);
      else walks[b].place++;
    });
  }
  const inputs = { steps: T, batch: B, tokens, resets };
  return { window: { inputs, targets: { classes, weights } }, share: good / (good + bad) };
}

for (const resetting of [true, false]) {
  const network = createNetwork({ cell: "gru", inputSize: 3, hiddenSize: 24, outputSize: 3 });
  let share = 0;
  const data = {
    *[Symbol.iterator]() {
      for (;;) {
        const walked = walk(network, resetting);
        share += walked.share;
        yield walked.window;
      }
    },
  };
  const training = { optimizer: adam({ learningRate: 1e-2 }), clipNorm: 1, maxSteps: updates };
  for await (const { step } of train(network, data, training)) {
    if (step % 50 > 0) continue;
    const kind = resetting ? "with resets" : "without resets";
    console.log(
      `${kind}, update ${step}: of walks not cut short ${((100 * share) / 50).toFixed(1)} % were rewarded`,
    );
    share = 0;
  }
}
