import { describe, requireInteger, requireMethods } from "../../errors.js";
import type { PlainData } from "../../plain-data.js";
import { keepJoining, type Cluster } from "./cluster.js";
import { RankRun } from "./rank-run.js";
import { Exchange, type Transport } from "./exchange.js";

/**
 * Makes a cluster of any means by which processes reach each other: the same number of ranks on all of them, each with its own
 * `rank`. `connectMpi()` of `bptt/mpi` makes one of MPI. Throws a TypeError or a RangeError for a bad transport.
 */
export function createCluster(transport: Transport): Cluster {
  requireMethods("transport", "an object with the methods sum and gather", transport, ["sum", "gather"]);
  const size = requireInteger("transport.size", transport.size, 1);
  const rank = requireInteger("transport.rank", transport.rank, 0);
  if (rank >= size)
    throw new RangeError(`"transport.rank" expected one below the size ${size}, got ${describe(rank)}`);
  const cluster: Cluster = Object.freeze({
    rank,
    size,
    async gather<Data extends PlainData>(data: Data): Promise<readonly Data[]> {
      const exchange = new Exchange(transport);
      await exchange.tell("gather");
      // They come from the same call on other ranks.
      return (await exchange.gather(data)) as readonly Data[];
    },
  });
  keepJoining(cluster, (plan, signal) => new RankRun(new Exchange(transport), plan, signal));
  return cluster;
}
