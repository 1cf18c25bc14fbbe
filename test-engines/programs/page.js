import * as bptt from "bptt";
import { smoke } from "./smoke.js";

/**
 * Tells the page's server, which is the test.
 * @param {object} outcome
 */
const post = (outcome) => fetch("/result", { method: "POST", body: JSON.stringify(outcome) });

smoke(bptt).then(
  (result) => post({ result }),
  (error) => post({ error: String(error?.stack ?? error) }),
);
