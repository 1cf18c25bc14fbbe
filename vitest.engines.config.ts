import { defineConfig } from "vitest/config";

/** The tests in real engines: `npm run test:engines`. Every test file in test-engines/ is one of its suites. */
export default defineConfig({
  test: {
    include: ["test-engines/**/*.test.ts"],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // Installs and browsers share the machine as it is.
    fileParallelism: false,
  },
});
