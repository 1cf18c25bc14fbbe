import * as bptt from "bptt";
import * as workers from "bptt/worker";
import { threads } from "./threads.js";

console.log(`RESULT ${JSON.stringify(await threads(bptt, workers))}`);
