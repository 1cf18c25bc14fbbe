import { createNetwork } from "bptt";

const options = { inputSize: 1, hiddenSize: 1, outputSize: 1 };
let kept;
{
  using network = createNetwork(options);
  using session = network.session();
  session.step(Float32Array.of(1));
  kept = network;
}
let refused = false;
try {
  kept.zeroGradients();
} catch {
  refused = true;
}
console.log(`RESULT ${JSON.stringify({ refused })}`);
