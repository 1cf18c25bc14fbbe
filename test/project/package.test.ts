import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { builds } from "../builds.js";
import { installPackage, root } from "./installed-package.js";

interface Manifest {
  version: string;
  scripts: Record<string, string>;
  dependencies?: Record<string, string>;
}

const read = (file: string) => readFileSync(join(root, file), "utf8");
const manifest = JSON.parse(read("package.json")) as Manifest;

/** The files of a folder, as paths in it with forward slashes. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll("\\", "/"),
    )
    .sort();
}

describe("the manifest", () => {
  it("runs nothing when the package is installed, and brings no other package", () => {
    const onInstall = ["preinstall", "install", "postinstall", "preprepare", "prepare", "postprepare"];
    expect(Object.keys(manifest.scripts).filter((script) => onInstall.includes(script))).toEqual([]);
    expect(existsSync(join(root, "binding.gyp"))).toBe(false);
    expect(manifest.dependencies ?? {}).toEqual({});
  });

  it("has the version of the lockfile and of the changelog's first entry", () => {
    const lock = JSON.parse(read("package-lock.json")) as Manifest;
    expect(lock.version).toBe(manifest.version);
    expect(/^## \[(\d.*?)\]/m.exec(read("CHANGELOG.md"))?.[1]).toBe(manifest.version);
  });
});

describe("the lockfile", () => {
  it("holds integrities, and no address of a registry", () => {
    const lock = read("package-lock.json");
    expect(lock).toContain('"integrity"');
    expect(lock).not.toContain('"resolved"');
    // What packages give as their home or their funding is all that may stand there.
    const addresses = [...lock.matchAll(/^\s*"(\w+)": "https?:/gm)].map((match) => match[1]);
    expect(addresses.filter((field) => field !== "url" && field !== "funding")).toEqual([]);
  });
});

describe("what npm ships", () => {
  let folder: string;
  let shipped: string[];
  beforeAll(() => {
    folder = installPackage();
    shipped = filesIn(join(folder, "node_modules/bptt"));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it("is the built code with its types, and the papers", () => {
    const outside = shipped.filter((file) => !file.startsWith("dist/"));
    expect(outside).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "package.json"]);
    const carried = ["losses", "relaxed-simd", "simd"].map((name) => `wasm/generated/${name}.wasm`);
    const sources = filesIn(join(root, "src")).filter((file) => /(?<!\.d)\.ts$/.test(file));
    const built = sources.flatMap((file) => [".d.ts", ".js"].map((end) => file.replace(/\.ts$/, end)));
    const style = "cli/run/page/page.css";
    const expected = [...built, ...carried, style].map((file) => `dist/${file}`).sort();
    expect(shipped.filter((file) => file.startsWith("dist/"))).toEqual(expected);
  });

  const names = `Object.keys(library).sort().join()`;
  it.each([
    ["import", ["--input-type=module", "-e", `import * as library from "bptt"; console.log(${names})`]],
    ["require", ["--no-warnings", "-e", `const library = require("bptt"); console.log(${names})`]],
  ])("can be had by %s, under the package's name", async (_, words) => {
    const library = await import("../../src/index.js");
    const printed = execFileSync(process.execPath, words, { cwd: folder, encoding: "utf8" });
    expect(printed.trim().split(",")).toEqual(expect.arrayContaining(Object.keys(library)));
  });

  it("reads its kernels from its files where bptt/slim is used", () => {
    const script = `
      const { readFileSync } = require("node:fs");
      const { createNetwork, init } = require("bptt/slim");
      init(readFileSync(require.resolve("bptt/kernels/simd.wasm"))).then(() => {
        console.log(createNetwork({ inputSize: 1, hiddenSize: 1, outputSize: 1 }).build);
      });`;
    const words = ["--no-warnings", "-e", script];
    expect(execFileSync(process.execPath, words, { cwd: folder, encoding: "utf8" }).trim()).toBe("simd");
  });

  it.each([
    [
      "import",
      `import { createNetwork } from "bptt"; import { toOnnx } from "bptt/onnx";`,
      ["--input-type=module"],
    ],
    ["require", `const { createNetwork } = require("bptt"); const { toOnnx } = require("bptt/onnx");`, []],
  ])("writes ONNX models of its networks, had by %s", (_, lines, words) => {
    const script = `${lines} console.log(toOnnx(createNetwork({ inputSize: 1, hiddenSize: 1, outputSize: 1 }))[0]);`;
    const all = ["--no-warnings", ...words, "-e", script];
    // The first field's number and type.
    expect(execFileSync(process.execPath, all, { cwd: folder, encoding: "utf8" }).trim()).toBe("8");
  });

  it("brings the wide build's kernels by a name of their own", () => {
    const script = `import "bptt/wide"; import { supportedBuilds } from "bptt"; console.log(supportedBuilds().join());`;
    const words = ["--input-type=module", "-e", script];
    const printed = execFileSync(process.execPath, words, { cwd: folder, encoding: "utf8" });
    // Without the flag that the tests run with, Node 20 has no relaxed SIMD.
    expect(printed.trim().split(",").includes("wide")).toBe(builds.includes("wide"));
  });

  it("reads CSV files with what it brings itself", () => {
    const script = `
      import { writeFileSync } from "node:fs";
      import { readCsv } from "./node_modules/bptt/dist/cli/table/read-csv.js";
      writeFileSync("t.csv", 'a;b\\n"1 "" 2";3\\n');
      const table = await readCsv("t.csv");
      console.log(JSON.stringify([table.columns, table.texts("a")]));`;
    const words = ["--input-type=module", "-e", script];
    const printed = execFileSync(process.execPath, words, { cwd: folder, encoding: "utf8" });
    expect(existsSync(join(folder, "node_modules/csv-parse"))).toBe(false);
    expect(JSON.parse(printed)).toEqual([["a", "b"], ['1 " 2']]);
    const parser = readFileSync(join(folder, "node_modules/bptt/dist/cli/table/parse-csv.js"), "utf8");
    expect(parser).toContain("Copyright (c) 2010 Adaltas");
  });

  it("makes a run's report with what it brings itself", () => {
    writeFileSync(join(folder, "text.txt"), "abcabcabd".repeat(100));
    const words = ["train", "text.txt", "--hidden", "4", "--batch", "2", "--window", "8", "--steps", "2"];
    execFileSync(join(folder, "node_modules/.bin/bptt"), [...words, "--run", "run", "--json"], {
      cwd: folder,
      shell: process.platform === "win32",
    });
    expect(existsSync(join(folder, "node_modules/uplot"))).toBe(false);
    const page = readFileSync(join(folder, "run/report.html"), "utf8");
    expect(page).toContain("Leon Sorokin");
    expect(page).not.toMatch(/\bimport\b|\brequire\(/);
  });

  it("starts as a command", () => {
    const printed = execFileSync(join(folder, "node_modules/.bin/bptt"), ["--help"], {
      encoding: "utf8",
      shell: process.platform === "win32",
    });
    expect(printed).toContain("train");
  });
});

describe("the files in git", () => {
  it("name no folder of anyone's machine", () => {
    const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
      cwd: root,
      encoding: "utf8",
    });
    const files = listed.split("\0").filter((file) => file !== "" && existsSync(join(root, file)));
    expect(files).toContain("package.json");
    const machinePath = /(?<![\w.~/-])\/(?:work|root|home|Users)\/\w|(?<!\w)[A-Z]:\\Users\\/;
    expect(`see ${["", "home", "me"].join("/")}`).toMatch(machinePath);
    expect(files.filter((file) => machinePath.test(read(file)))).toEqual([]);
  });
});
