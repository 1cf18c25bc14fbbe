import { defineConfig } from "vitest/config";

/** The tests of training over MPI: `npm run test:mpi`. They need Open MPI and MPICH (scripts/install-mpi.sh). */
export default defineConfig({
  test: {
    include: ["test-mpi/**/*.test.ts"],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // Each test starts up to four processes.
    fileParallelism: false,
  },
});
