/** Networks in memory of their own, with guard bands around every region. */

import { createEngine, type Engine } from "../../src/memory/engine.js";
import { initialize } from "../../src/network/parameters/initialize.js";
import { RecurrentNetwork } from "../../src/network/network.js";
import { completeOptions } from "../../src/network/options.js";
import type { Build, NetworkOptions } from "../../src/network/types.js";

/** Bytes before and after every region: a whole vector of any build, and more. */
const GUARD = 64;

/** Memory that no other test shares. */
export function guardedEngine(build: Build): Engine {
  return createEngine(build, GUARD);
}

/** As createNetwork makes one, in the given engine. */
export function networkIn(engine: Engine, options: NetworkOptions): RecurrentNetwork {
  const complete = completeOptions(options);
  const network = new RecurrentNetwork(engine, complete);
  initialize(network.model.parameters, complete);
  return network;
}

/** A network in memory of its own. */
export function guardedNetwork(options: NetworkOptions, build: Build): RecurrentNetwork {
  return networkIn(guardedEngine(build), options);
}
