/** Calls an MPI library through koffi: loads it, and gives the few functions that a cluster needs. */

import { fstatSync } from "node:fs";

/** How processes are started, which says which library they must load. */
interface Launcher {
  /** A variable of the environment that it sets. */
  readonly sets: string;
  /** The variable that holds the number of ranks, if any. */
  readonly size?: string;
  readonly libraries: readonly string[];
}

const OPEN_MPI: Launcher = {
  sets: "OMPI_COMM_WORLD_SIZE",
  size: "OMPI_COMM_WORLD_SIZE",
  libraries: ["libmpi.so.40", "libmpi.so", "libmpi.40.dylib", "libmpi.dylib"],
};
const MPICH: Launcher = {
  sets: "PMI_RANK",
  size: "PMI_SIZE",
  libraries: ["libmpich.so.12", "libmpi.so.12", "libmpich.so", "libmpi.12.dylib", "libmpich.dylib"],
};
/** Process managers with PMIx, such as Slurm's srun, start programs of either. */
const PMIX: Launcher = { sets: "PMIX_RANK", libraries: [...OPEN_MPI.libraries, ...MPICH.libraries] };

type Koffi = Pick<typeof import("koffi"), "load" | "address">;
type Library = ReturnType<Koffi["load"]>;

/** An address, or one of MPICH's numbers. */
type Handle = number | bigint;

/** Names what MPI's objects are in one library. */
interface Handles {
  /** The C type of handles. */
  readonly type: "intptr_t" | "int";
  readonly inPlace: number;
  readonly world: Handle;
  readonly float: Handle;
  readonly double: Handle;
  readonly byte: Handle;
  readonly sum: Handle;
}

/** The numbers of MPICH's ABI, which Intel MPI and MVAPICH have too. */
const MPICH_HANDLES: Handles = {
  type: "int",
  inPlace: -1,
  world: 0x44000000,
  float: 0x4c00040a,
  double: 0x4c00080b,
  byte: 0x4c00010d,
  sum: 0x58000003,
};

/** What is called of an MPI library, on all processes that were started together. */
export interface Mpi {
  readonly rank: number;
  readonly size: number;
  /** Adds up in place. */
  sum(values: Float32Array | Float64Array): void;
  /** Returns the bytes of all ranks, of the lengths given. */
  gather(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[];
  finalize(): void;
  /** Ends the processes of all ranks. */
  abort(code: number): void;
}

function startHint(what: string): Error {
  return new Error(
    `connectMpi expected ${what}: install an MPI (Debian: openmpi-bin, or mpich), then start the program by it, as in ` +
      `mpirun -n 4 node train.js`,
  );
}

async function loadKoffi(): Promise<Koffi> {
  try {
    return (await import("koffi")).default;
  } catch (error) {
    throw new Error(`connectMpi expected the package koffi, which calls MPI's library: npm install koffi`, {
      cause: error,
    });
  }
}

function launcherOf(environment: NodeJS.ProcessEnv): Launcher | undefined {
  return [OPEN_MPI, MPICH, PMIX].find(({ sets }) => environment[sets] !== undefined);
}

/** Throws where what MPICH's mpirun and a process talk through was closed on the way: Node leaves it to no program that it starts. */
function requireConnection({ PMI_FD }: NodeJS.ProcessEnv): void {
  if (PMI_FD === undefined) return;
  try {
    if (fstatSync(Number(PMI_FD)).isSocket()) return;
  } catch {
    // It is not open.
  }
  throw new Error(
    `connectMpi expected a socket of mpirun's as file descriptor ${PMI_FD}, got none: a program between them has closed it, as npx ` +
      `does with MPICH; start Node itself, as in mpirun -n 4 node train.js, or mpirun -n 4 node_modules/.bin/bptt`,
  );
}

function open(koffi: Koffi, names: readonly string[]): Library {
  const reasons: unknown[] = [];
  for (const name of names) {
    try {
      // Open MPI's plug-ins look for its symbols among the global ones.
      return koffi.load(name, { global: true });
    } catch (error) {
      reasons.push(error);
    }
  }
  throw Object.assign(startHint(`MPI's library, one of ${names.join(", ")}, got none that loads`), {
    cause: reasons[0],
  });
}

function handlesOf(koffi: Koffi, library: Library): Handles {
  const address = (name: string): Handle => koffi.address(library.symbol(name));
  try {
    return {
      type: "intptr_t",
      inPlace: 1,
      world: address("ompi_mpi_comm_world"),
      float: address("ompi_mpi_float"),
      double: address("ompi_mpi_double"),
      byte: address("ompi_mpi_byte"),
      sum: address("ompi_mpi_op_sum"),
    };
  } catch {
    return MPICH_HANDLES;
  }
}

/** Throws for another code than MPI_SUCCESS; by default MPI ends all processes before it returns one. */
function check(name: string, code: unknown): void {
  if (code !== 0) throw new Error(`${name} expected to succeed, got error ${String(code)} of MPI`);
}

/** Returns a caller of one function, declared in C; `h` stands for the type of handles. */
function declare(library: Library, handles: Handles, declaration: string): (...args: unknown[]) => void {
  const name = /MPI_\w+/.exec(declaration)?.[0] ?? declaration;
  const call = library.func(declaration.replaceAll(/\bh\b/g, handles.type));
  return (...args) => {
    check(name, call(...args));
  };
}

/** Throws where the library is not that of the launcher: each process is then alone. */
function requireLaunched(launcher: Launcher | undefined, size: number): void {
  const told = Number(launcher?.size === undefined ? 1 : process.env[launcher.size]);
  if (size > 1 || !(told > 1)) return;
  throw startHint(
    `the library of the MPI that started the program with ${told} processes, got another, in which each is alone ` +
      `("library" names the right one)`,
  );
}

/**
 * Keeps UCX, which MPICH and Open MPI may talk through, out of Node's memory and signals: its hooks of the allocator made V8's compiler
 * crash, and V8 needs SIGSEGV for WebAssembly. Whoever sets these variables decides otherwise.
 */
const UCX = { UCX_MEM_EVENTS: "n", UCX_ERROR_SIGNALS: "" };

/** Loads an MPI library and joins the processes that were started together. Throws an error that says what is missing. */
export async function joinMpi(named: string | undefined): Promise<Mpi> {
  const launcher = launcherOf(process.env);
  if (launcher === undefined && named === undefined)
    throw startHint(`a program that mpirun has started, got one by itself`);
  if (launcher === MPICH) requireConnection(process.env);
  const koffi = await loadKoffi();
  for (const [name, value] of Object.entries(UCX)) process.env[name] ??= value;
  const library = open(koffi, named === undefined ? (launcher?.libraries ?? []) : [named]);
  const handles = handlesOf(koffi, library);
  const function_ = (declaration: string) => declare(library, handles, declaration);
  function_("int MPI_Init(intptr_t argc, intptr_t argv)")(0, 0);
  const numberOf = (name: string): number => {
    const out = [0];
    function_(`int ${name}(h comm, _Out_ int *number)`)(handles.world, out);
    return out[0];
  };
  const [rank, size] = [numberOf("MPI_Comm_rank"), numberOf("MPI_Comm_size")];
  requireLaunched(launcher, size);
  const allreduce = function_("int MPI_Allreduce(intptr_t from, void *to, int count, h type, h op, h comm)");
  const allgather = function_(
    "int MPI_Allgatherv(void *from, int count, h type, _Out_ void *to, int *counts, int *offsets, h to_type, h comm)",
  );
  const finalize = function_("int MPI_Finalize()");
  const abort = function_("int MPI_Abort(h comm, int code)");
  const { inPlace, world, float, double, byte, sum } = handles;
  return {
    rank,
    size,
    sum(values) {
      const type = values instanceof Float32Array ? float : double;
      allreduce(inPlace, values, values.length, type, sum, world);
    },
    gather(bytes, lengths) {
      const counts = Int32Array.from(lengths);
      const offsets = counts.map((_, i) => lengths.slice(0, i).reduce((total, length) => total + length, 0));
      const all = new Uint8Array(lengths.reduce((total, length) => total + length, 0));
      allgather(bytes, bytes.length, byte, all, counts, offsets, byte, world);
      return lengths.map((length, i) => all.slice(offsets[i], offsets[i] + length));
    },
    finalize() {
      finalize();
    },
    abort(code) {
      abort(world, code);
    },
  };
}
