/** Saves and loads forecasters: a network, and what it takes to read tables as it learned them. */

import { requireObject } from "../../errors.js";
import {
  ForecastCodec,
  FormatError,
  loadNetwork,
  OutOfMemoryError,
  readMetadata,
  saveNetwork,
  type Network,
  type RuntimeOptions,
} from "../../index.js";
import { Failure } from "../failure.js";
import type { Trained } from "../fit/job.js";
import { TRAINING_KEY } from "../load-model.js";
import type { ForecastColumns } from "./columns.js";

/** The keys of a forecaster's metadata: the columns' names; and the codec. */
export const FORECASTER_KEY = "forecaster";
const CODEC_KEY = "table";

/** The version of what stands under FORECASTER_KEY. */
const FORMAT = 1;

export interface Forecaster {
  readonly network: Network;
  readonly codec: ForecastCodec;
  readonly columns: ForecastColumns;
}

/** `trained`: what the file tells of the training. */
export function saveForecaster({ network, codec, columns }: Forecaster, trained: Trained): Uint8Array {
  const { target, date } = columns;
  return saveNetwork(network, {
    [FORECASTER_KEY]: JSON.stringify({ format: FORMAT, target, date }),
    [CODEC_KEY]: JSON.stringify(codec),
    [TRAINING_KEY]: JSON.stringify(trained),
  });
}

/** Returns what `saveForecaster` wrote. Throws an Error of any kind for anything else. */
function readColumnNames(text: string, codec: ForecastCodec): ForecastColumns {
  const saved: Record<string, unknown> = { ...requireObject(FORECASTER_KEY, JSON.parse(text) as object) };
  const { format, target, date } = saved;
  if (format !== FORMAT) throw new FormatError(`its format is ${String(format)}, and not ${FORMAT}`);
  if (typeof target !== "string") throw new FormatError("its target is no string");
  if (date !== undefined && typeof date !== "string") throw new FormatError("its date is no string");
  if ((date !== undefined) !== codec.dated) throw new FormatError("its dates are not those of its codec");
  return { target, date, features: codec.features };
}

/** Returns the forecaster of a model's file. Throws a Failure for other files, and where kernels do not run. */
export function loadForecaster(path: string, bytes: Uint8Array, runtime: RuntimeOptions = {}): Forecaster {
  try {
    const metadata = new Map(Object.entries(readMetadata(bytes)));
    const own = metadata.get(FORECASTER_KEY);
    if (own === undefined) throw new FormatError("its metadata has no columns");
    const codec = ForecastCodec.parse(metadata.get(CODEC_KEY) ?? "");
    const columns = readColumnNames(own, codec);
    const network = loadNetwork(bytes, runtime);
    const { inputSize, outputSize, output, embeddingSize } = network.options;
    const fits = inputSize === codec.inputSize && outputSize === codec.outputSize && embeddingSize === 0;
    if (fits && output === "sequence") return { network, codec, columns };
    network.dispose();
    throw new FormatError("its network is not of its codec's size");
  } catch (error) {
    if (error instanceof OutOfMemoryError) throw new Failure(error.message, 1);
    if (error instanceof RangeError && error.message.startsWith('"build"')) throw new Failure(error.message);
    if (error instanceof Error) throw new Failure(`${path} is no model of bptt forecast: ${error.message}`);
    throw error;
  }
}
