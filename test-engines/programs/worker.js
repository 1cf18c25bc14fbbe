import * as bptt from "bptt";
import { smoke } from "./smoke.js";

export default {
  async fetch() {
    try {
      return Response.json({ result: await smoke(bptt) });
    } catch (error) {
      return Response.json({ error: String(error) });
    }
  },
};
