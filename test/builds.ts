import { supportedBuilds } from "../src/wasm/load.js";
import "../src/wide.js";

/** Every build that this engine runs: of those that `npm test` takes, the oldest Node runs two, the others all three. */
export const builds = supportedBuilds();
