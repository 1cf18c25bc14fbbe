import * as bptt from "bptt";
import * as workers from "bptt/worker";
import { threads } from "./threads.js";

/**
 * Tells the page's server, which is the test.
 * @param {object} outcome
 */
const post = (outcome) => fetch("/result", { method: "POST", body: JSON.stringify(outcome) });

threads(bptt, workers).then(
  (result) => post({ result }),
  (error) => post({ error: String(error?.stack ?? error) }),
);
