/** `bptt/mpi`: training on several machines over MPI, from Node. The library itself comes from `bptt`. */

export { connectMpi, type ConnectMpiOptions } from "../node/mpi/connect-mpi.js";
export type { Cluster } from "../train/cluster/cluster.js";
