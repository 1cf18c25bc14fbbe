import { beforeAll, describe, expect, it } from "vitest";
import { expectSmoke, expectThreads, keepRow, resultIn } from "./outcome.js";
import { Project } from "./project.js";
import { versions } from "./versions.js";

const both = ["simd", "relaxed-simd"];

/** Each its package on npm, the executable that it brings, and what to start a program with. */
const runtimes = [
  { engine: "Node", package: "node", version: versions.node20, builds: ["simd"], using: false },
  { engine: "Node", package: "node", version: versions.node22, builds: both, using: false },
  { engine: "Node", package: "node", version: versions.node24, builds: both, using: true },
  { engine: "Node", package: "node", version: versions.node26, builds: both, using: true },
  {
    engine: "Deno",
    package: "deno",
    version: versions.deno,
    builds: both,
    words: ["run", "--no-remote"],
    using: true,
  },
  { engine: "Bun", package: "bun", version: versions.bun, builds: both, using: true },
] as const;

describe.each(runtimes)("$engine $version", ({ engine, package: name, version, builds, using, ...rest }) => {
  const words = "words" in rest ? rest.words : [];
  const project = new Project();
  const run = (program: string, ...more: string[]): unknown =>
    resultIn(project.run(project.executable(name), [...words, ...more, program]));

  beforeAll(() => {
    project.install(`${name}@${version}`);
  });

  it("runs the package through import", () => {
    expect(project.run(project.executable(name), ["--version"])).toContain(version);
    expectSmoke(run("import.js"), builds);
  });

  it("runs it through require", () => {
    // Deno reads modules for `import` unasked, and for `require` only when it may.
    expectSmoke(run("require.cjs", ...(engine === "Deno" ? ["--allow-read"] : [])), builds);
  });

  it("runs it with kernels read from their files", () => {
    const permissions = engine === "Deno" ? ["--allow-read"] : [];
    const printed = project.run(project.executable(name), [...words, ...permissions, "slim.js", ...builds]);
    expectSmoke(resultIn(printed), builds);
    keepRow({ kind: "runtime", engine, version, builds, how: "`import`, `require`, `bptt/slim`" });
  });

  it("runs it on threads, and in a worker with threads, with the bits of one", () => {
    expectThreads(run("threads-run.js"), builds);
  });

  it.runIf(using)("disposes of what `using` declares", () => {
    expect(run("using.js")).toEqual({ refused: true });
  });
});

it("Node 20 has relaxed SIMD behind its flag", () => {
  const project = new Project();
  project.install(`node@${versions.node20}`);
  const flag = "--experimental-wasm-relaxed-simd";
  expectSmoke(resultIn(project.run(project.executable("node"), [flag, "import.js"])), both);
});
