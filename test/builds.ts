import { supportedBuilds } from "../src/wasm/load.js";

/** Every build that this engine runs; on the Node versions of `npm test`, both. */
export const builds = supportedBuilds();
