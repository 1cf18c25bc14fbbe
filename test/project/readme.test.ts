import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compile, strictOptions } from "./compiler.js";
import { installPackage, root } from "./installed-package.js";

const read = (file: string) => readFileSync(join(root, file), "utf8");
const readme = read("README.md");
const snippets = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1]);
const shellLines = [...readme.matchAll(/^```sh\n(.*?)^```$/gms)]
  .flatMap((match) => match[1].split("\n"))
  .map((line) => line.replace(/\s+#.*/, ""));

let folder: string;
beforeAll(() => {
  folder = installPackage();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe("the README's programs", () => {
  it("are there", () => {
    expect(snippets.length).toBeGreaterThan(0);
  });

  it.each(snippets.map((text, index) => ({ text, name: `program-${index + 1}` })))(
    "$name compiles in a strict project and runs",
    ({ text, name }) => {
      const file = join(folder, `${name}.ts`);
      const ambient = join(folder, "console.d.ts");
      writeFileSync(file, text);
      writeFileSync(ambient, "declare const console: { log(...values: unknown[]): void };\n");
      expect(compile([file, ambient], strictOptions)).toEqual([]);
      const printed = execFileSync(process.execPath, [`${name}.js`], { cwd: folder, encoding: "utf8" });
      expect(printed).not.toBe("");
      expect(printed).not.toMatch(/NaN|undefined/);
    },
  );

  it("learn: the first one's loss falls", () => {
    const printed = execFileSync(process.execPath, ["program-1.js"], { cwd: folder, encoding: "utf8" });
    const losses = [...printed.matchAll(/loss (\d+\.\d+)/g)].map((match) => Number(match[1]));
    expect(losses.length).toBeGreaterThan(1);
    expect(losses.at(-1)).toBeLessThan(losses[0] / 2);
  });
});

describe("the README's commands", () => {
  it("set up in two lines, which .ci/run follows word for word", () => {
    const setUp = shellLines.filter((line) => /^npm (ci|cit)\b/.test(line));
    expect(setUp).toEqual(["npm ci && npm start", "npm cit"]);
    const run = read(".ci/run")
      .split("\n")
      .filter((line) => /^npm (?!run )/.test(line));
    expect(run).toEqual(setUp.flatMap((line) => line.split(" && ")));
  });

  it("name only scripts that package.json has", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const named = [readme, read("CONTRIBUTING.md")].flatMap((text) => [
      ...text.matchAll(/npm run ([\w:-]+)/g),
    ]);
    expect(named.length).toBeGreaterThan(0);
    for (const [, script] of named) expect(Object.keys(scripts)).toContain(script);
  });

  it("give bptt only commands and options that its --help names", () => {
    const lines = shellLines.filter((line) => /\bbptt /.test(line));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
      const [command, ...words] = line.replace(/.*?\bbptt /, "").split(/\s+/);
      const main = join(folder, "node_modules/bptt/dist/cli/main.js");
      const help = execFileSync(process.execPath, [main, command, "--help"], { encoding: "utf8" });
      for (const option of words.filter((word) => word.startsWith("--")))
        expect(help, line).toContain(option);
    }
  });

  it("link only to files that exist", () => {
    const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1]);
    expect(links.length).toBeGreaterThan(0);
    for (const link of links) expect(existsSync(join(root, link)), link).toBe(true);
  });
});
