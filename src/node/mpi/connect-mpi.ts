import { writeSync } from "node:fs";
import { inspect } from "node:util";
import { requireOptions } from "../../errors.js";
import type { Cluster } from "../../train/cluster/cluster.js";
import { createCluster } from "../../train/cluster/create-cluster.js";
import { partWays, type Transport } from "../../train/cluster/exchange.js";
import { joinMpi, type Mpi } from "./library.js";

/** Configures `connectMpi`. */
export interface ConnectMpiOptions {
  /**
   * The file of MPI's library, as the system's loader finds it; default: Open MPI's or MPICH's, whichever has started the program.
   */
  library?: string;
}

/** The most bytes that all ranks' messages may have together: MPI counts in 32 bits. */
const MOST_BYTES = 0x7fff_ffff;

function transportOf(mpi: Mpi): Transport {
  const { rank, size } = mpi;
  return {
    rank,
    size,
    sum(values) {
      mpi.sum(values);
      return values;
    },
    gather(bytes) {
      const lengths = new Float64Array(size);
      lengths[rank] = bytes.length;
      mpi.sum(lengths);
      const total = lengths.reduce((sum, length) => sum + length, 0);
      if (total > MOST_BYTES)
        throw new RangeError(`ranks expected to remember at most ${MOST_BYTES} bytes together, got ${total}`);
      return mpi.gather(bytes, [...lengths]);
    },
  };
}

/**
 * Leaves MPI as the process ends: together with the others, or, where they are still at work, by ending all, for they would wait for
 * this one. Before that, they see that it ended.
 */
function leaveAtExit(mpi: Mpi, transport: Transport): void {
  let uncaught: unknown;
  process.on("uncaughtExceptionMonitor", (error) => {
    uncaught = error;
  });
  process.on("exit", (code) => {
    // Node prints it after this, when the process may be no more.
    if (uncaught !== undefined) writeSync(2, `rank ${mpi.rank}: ${inspect(uncaught)}\n`);
    try {
      partWays(transport);
      mpi.finalize();
    } catch {
      mpi.abort(code === 0 ? 1 : code);
    }
  });
}

let connected: Promise<Cluster> | undefined;

async function connect(library: string | undefined): Promise<Cluster> {
  const mpi = await joinMpi(library);
  const transport = transportOf(mpi);
  leaveAtExit(mpi, transport);
  return createCluster(transport);
}

/**
 * Joins the processes that `mpirun` has started together, as in `mpirun -n 4 node train.js`, for `train` and `resumeTraining` with
 * the option `cluster`. A process has one cluster: further calls return the same. It leaves MPI as the process ends. Where a
 * process ends by an error, or while others train, MPI ends all of them; a process that is killed has the same effect.
 *
 * MPI is Open MPI, or MPICH and what shares its binary interface (Intel MPI, MVAPICH), called through the package `koffi`, which
 * is to be installed beside this one. While ranks wait for each other, a process hears neither timers nor signals.
 *
 * Throws an Error that says what is missing: koffi, MPI's library, or the start by `mpirun`.
 */
export function connectMpi(options: ConnectMpiOptions = {}): Promise<Cluster> {
  const { library } = requireOptions("options", options, ["library"]);
  if (library !== undefined && typeof library !== "string")
    throw new TypeError(`"library" expected the name of a file, got ${typeof library}`);
  if (connected !== undefined) return connected;
  const connecting = connect(library);
  connected = connecting;
  connecting.catch(() => {
    // It may be tried again, with what was missing.
    connected = undefined;
  });
  return connecting;
}
