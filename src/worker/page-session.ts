/** Stands on the page for a session in a worker. */

import { requireTokenList } from "../data/token-list.js";
import { requireObject } from "../errors.js";
import type { Forecast, QuantileForecast } from "../infer/forecast.js";
import type { SampleOptions } from "../infer/sample.js";
import type { State, StepInput } from "../network/types.js";
import type { Connection } from "./connection.js";
import { fields } from "./fields.js";
import { RemoteHandle } from "./remote-handle.js";
import type { SessionInfo } from "./messages.js";
import { Parcel } from "./portable-arrays.js";
import type { RemoteForecastOptions, RemoteNetwork, RemoteSession } from "./types.js";

export class PageSession extends RemoteHandle implements RemoteSession {
  /** The network that it steps; kept so that it is no garbage while the session is not. */
  readonly network: RemoteNetwork;
  readonly batch: number;

  constructor(network: RemoteNetwork, connection: Connection, { handle, batch }: SessionInfo) {
    super(connection, handle, "session");
    this.network = network;
    this.batch = batch;
  }

  async step(input: StepInput): Promise<Float32Array> {
    const parcel = new Parcel();
    const given = parcel.pack("input", input);
    return this.connection.call("step", [this.requireHandle(), given], parcel.transfer);
  }

  async sample(options: SampleOptions): Promise<Int32Array> {
    const parcel = new Parcel();
    const given = requireObject("options", options);
    const { inputSize } = this.network.options;
    const packTokens = (name: "prime" | "exclude"): Int32Array | undefined => {
      const tokens = given[name];
      return parcel.pack(name, tokens === undefined ? undefined : requireTokenList(name, tokens, inputSize));
    };
    const all = {
      ...parcel.packOptions(given, fields.sampleOptions),
      prime: packTokens("prime"),
      exclude: packTokens("exclude"),
    };
    return this.connection.call("sample", [this.requireHandle(), all], parcel.transfer);
  }

  async forecast(
    history: ArrayLike<number>,
    options: RemoteForecastOptions & { levels: readonly number[] },
  ): Promise<QuantileForecast>;
  async forecast(history: ArrayLike<number>, options: RemoteForecastOptions): Promise<Forecast>;
  async forecast(history: ArrayLike<number>, options: RemoteForecastOptions): Promise<Forecast> {
    const parcel = new Parcel();
    const given = parcel.pack("history", history);
    const how = parcel.packOptions(options, fields.forecastOptions);
    return this.connection.call("forecastOn", [this.requireHandle(), given, how], parcel.transfer);
  }

  async readState(): Promise<State> {
    return this.connection.call("readState", [this.requireHandle()]);
  }

  async writeState(state: State): Promise<void> {
    const parcel = new Parcel();
    const given = parcel.pack("state", state, fields.state);
    return this.connection.call("writeState", [this.requireHandle(), given], parcel.transfer);
  }

  async reset(which?: Uint8Array): Promise<void> {
    const parcel = new Parcel();
    const given = parcel.pack("which", which);
    return this.connection.call("resetSession", [this.requireHandle(), given], parcel.transfer);
  }
}
