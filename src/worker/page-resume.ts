/** Lets a worker go on with a training that was saved. */

import { describe, requireObject } from "../errors.js";
import type { RuntimeOptions } from "../network/types.js";
import type { Connection } from "./connection.js";
import { PageNetwork } from "./page-network.js";
import { packTraining, remoteTraining } from "./page-training.js";
import { Parcel } from "./portable-arrays.js";
import type { RemoteData, RemoteNetwork, RemoteResumeOptions, RemoteTraining } from "./types.js";

/** Returns a network of the same worker. Throws a TypeError for anything else, and a DisposedError. */
function requireGiven(
  network: RemoteNetwork | undefined,
  connection: Connection,
  runtime: RuntimeOptions | undefined,
): PageNetwork | undefined {
  if (network === undefined) return undefined;
  if (!(network instanceof PageNetwork && network.connection === connection))
    throw new TypeError(`"options.network" expected a network of the same worker, got ${describe(network)}`);
  if (runtime !== undefined)
    throw new TypeError(`"runtime" expected none beside "options.network", which has its own, got one`);
  network.requireHandle();
  return network;
}

/** Opens the checkpoint now, and lets the worker go on as the first event is asked for. */
export async function resumeInWorker(
  connection: Connection,
  checkpoint: Uint8Array,
  data: RemoteData,
  options: RemoteResumeOptions,
  runtime: RuntimeOptions | undefined,
): Promise<RemoteTraining> {
  const { network: wanted, ...rest } = requireObject("options", options);
  const given = requireGiven(wanted, connection, runtime);
  // The caller's bytes may change before the first event.
  const parcel = new Parcel();
  const bytes = parcel.pack("checkpoint", checkpoint);
  const { parts, args } = packTraining(connection, data, rest, parcel);
  const first = new Parcel();
  const opened = first.pack("checkpoint", checkpoint);
  if (given === undefined) {
    const info = await connection.call("openCheckpoint", [opened, runtime], first.transfer);
    const network = new PageNetwork(connection, info);
    return remoteTraining(network, parts, (job) =>
      job.begin("resumeTraining", [network.requireHandle(), bytes, ...args], parcel.transfer),
    );
  }
  const frozen = await connection.call("readFrozen", [opened], first.transfer);
  return remoteTraining(given, parts, (job) => {
    const handle = given.requireHandle();
    const ended = job.begin("resumeTraining", [handle, bytes, ...args], parcel.transfer);
    given.showTrainable(given.parameters.map(({ name }) => !frozen.includes(name)));
    return untilEnd(ended, given);
  });
}

/** Waits for the end; where that is an error, the network may not have become the saved one, and is looked at. */
async function untilEnd(ended: Promise<void>, network: PageNetwork): Promise<void> {
  try {
    await ended;
  } catch (error) {
    try {
      network.showTrainable(await network.connection.call("readTrainable", [network.requireHandle()]));
    } catch {
      // It was disposed of, or the worker ended: nobody will see.
    }
    throw error;
  }
}
