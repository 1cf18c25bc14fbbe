/** What the tests of engines install, exactly: the one place to raise a version. All comes from npm; browsers from Debian. */
export const versions = {
  // Runtimes. npm's packages of that name bring the executables.
  node20: "20.19.0",
  node22: "22.23.3",
  node24: "24.21.0",
  node26: "26.10.0",
  deno: "2.9.6",
  bun: "1.4.5",
  wrangler: "4.164.0",
  // Bundlers.
  esbuild: "0.28.2",
  vite: "8.3.8",
  vite7: "7.3.8",
  rollup: "4.68.8",
  "@rollup/plugin-node-resolve": "16.0.3",
  webpack: "5.112.2",
  "webpack-cli": "7.3.1",
  next: "16.4.6",
  react: "19.3.1",
  "react-dom": "19.3.1",
  // What types are checked with.
  typescript: "6.0.3",
} as const;
