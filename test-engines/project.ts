/** Fresh projects of a user's, with the package as npm would ship it. */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Child } from "./children.js";

export const root = join(import.meta.dirname, "..");
/** Ignored by git, and kept between runs. */
export const output = join(root, "build/engines");
const programs = join(import.meta.dirname, "programs");

/** What `npm pack` makes; scripts/test-engines.ts makes it, once a run. */
export const tarball = join(output, "bptt.tgz");

/** Milliseconds; an install of the largest, Next, takes a fifth of it. */
const INSTALL_TIME = 150_000;
const RUN_TIME = 120_000;

/** An environment in which neither an npm script's project nor the test runner reach the programs. */
function plainEnvironment(path: readonly string[] = []): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(npm_(lifecycle|package|command)|NODE_(OPTIONS|ENV|V8)|VITEST|FORCE_COLOR$)/.test(name),
  );
  const PATH = [...path, process.env["PATH"] ?? ""].join(delimiter);
  return { ...Object.fromEntries(own), PATH, NO_COLOR: "1", CI: "1", NEXT_TELEMETRY_DISABLED: "1" };
}

export class Project {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), "bptt-engine-")));

  constructor(files: Readonly<Record<string, string>> = {}) {
    this.write({ "package.json": `{ "private": true, "type": "module" }\n`, ...files });
    cpSync(programs, this.folder, { recursive: true });
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(this.folder, name, ".."), { recursive: true });
      writeFileSync(join(this.folder, name), text);
    }
  }

  /** `bptt` from the tarball, and packages like `vite@8.3.8` from the registry, or from the cache of earlier runs. */
  install(...packages: string[]): void {
    const words = [
      "install",
      "--no-audit",
      "--no-fund",
      "--prefer-offline",
      "--fetch-retries=1",
      "--cache",
      join(output, "npm-cache"),
    ];
    // Named outright: npm, run by a script of npm's, would take that script's project for its own.
    execFileSync("npm", [...words, "--prefix", this.folder, tarball, ...packages], {
      cwd: this.folder,
      env: plainEnvironment(),
      stdio: "pipe",
      timeout: INSTALL_TIME,
      shell: process.platform === "win32",
    });
  }

  read(file: string): string {
    return readFileSync(join(this.folder, file), "utf8");
  }

  /** Of an installed package. */
  manifest(name: string): { version: string } {
    return JSON.parse(this.read(join("node_modules", name, "package.json"))) as { version: string };
  }

  /** The path of an executable that a package brought. */
  executable(name: string): string {
    const path = join(this.folder, "node_modules/.bin", name);
    if (existsSync(path)) return path;
    const there = readdirSync(join(this.folder, "node_modules/.bin")).join();
    throw new Error(`no executable ${name} was installed, only ${there}`);
  }

  /** What a command printed. */
  run(command: string, words: readonly string[], path: readonly string[] = []): string {
    return execFileSync(command, words, {
      cwd: this.folder,
      env: plainEnvironment(path),
      encoding: "utf8",
      stdio: "pipe",
      timeout: RUN_TIME,
      maxBuffer: 1 << 26,
    });
  }

  /** A server that goes on running; `stop` ends it and what it started. */
  start(command: string, words: readonly string[], path: readonly string[] = []): Server {
    return new Server(command, words, { cwd: this.folder, env: plainEnvironment(path) });
  }
}

export class Server extends Child {
  /** The answer to a request, which is tried until the server is up. */
  async fetch(url: string, patience = 60_000): Promise<Response> {
    const end = Date.now() + patience;
    for (;;) {
      try {
        return await fetch(url, { signal: AbortSignal.timeout(patience) });
      } catch (error) {
        if (Date.now() > end || this.process.exitCode !== null) {
          throw new Error(`no answer from ${url}; the server printed:\n${this.printed}`, { cause: error });
        }
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }
}
