import * as bptt from "bptt";
import { smoke } from "./smoke.js";

console.log(`RESULT ${JSON.stringify(await smoke(bptt))}`);
