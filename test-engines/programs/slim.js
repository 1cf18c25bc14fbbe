import { readFileSync } from "node:fs";
import * as bptt from "bptt/slim";
import { smoke } from "./smoke.js";

/** @param {string} build */
const read = (build) => readFileSync(new URL(import.meta.resolve(`bptt/kernels/${build}.wasm`)));
for (const build of process.argv.slice(2)) await bptt.init(read(build));
console.log(`RESULT ${JSON.stringify(await smoke(bptt))}`);
