/** A session in a worker, as the page has it. */

import { requireTokenList } from "../data/token-list.js";
import { requireObject } from "../errors.js";
import type { SampleOptions } from "../infer/sample.js";
import type { State, StepInput } from "../network/types.js";
import type { Connection } from "./connection.js";
import { fields } from "./fields.js";
import { Kept } from "./kept.js";
import type { SessionFace } from "./messages.js";
import { Parcel } from "./portable-arrays.js";
import type { RemoteNetwork, RemoteSession } from "./types.js";

export class PageSession extends Kept implements RemoteSession {
  /** Also keeps the network from being garbage. */
  readonly network: RemoteNetwork;
  readonly batch: number;

  constructor(network: RemoteNetwork, connection: Connection, { handle, batch }: SessionFace) {
    super(connection, handle, "session");
    this.network = network;
    this.batch = batch;
  }

  async step(input: StepInput): Promise<Float32Array> {
    const parcel = new Parcel();
    const given = parcel.pack("input", input);
    return this.connection.call("step", [this.kept(), given], parcel.transfer);
  }

  async sample(options: SampleOptions): Promise<Int32Array> {
    const parcel = new Parcel();
    const given = requireObject("options", options);
    const { inputSize } = this.network.options;
    const prime = given.prime === undefined ? undefined : requireTokenList("prime", given.prime, inputSize);
    const all = {
      ...parcel.pack("options", given, fields.sampleOptions),
      prime: parcel.pack("prime", prime),
    };
    return this.connection.call("sample", [this.kept(), all], parcel.transfer);
  }

  async readState(): Promise<State> {
    return this.connection.call("readState", [this.kept()]);
  }

  async writeState(state: State): Promise<void> {
    const parcel = new Parcel();
    const given = parcel.pack("state", state, fields.state);
    return this.connection.call("writeState", [this.kept(), given], parcel.transfer);
  }

  async reset(): Promise<void> {
    return this.connection.call("resetSession", [this.kept()]);
  }
}
