#!/usr/bin/env node
/** Dispatches the commands, and sets the exit code. */

import "./relaxed.js";
// Brings the kernels; the other files take names from src/index.ts alone.
import "../wasm/inlined.js";
import { suggestion } from "./arguments.js";
import { commands } from "./commands.js";
import { Failure } from "./failure.js";
import { rankLabel } from "./fit/ranks.js";
import { endQuietlyWhenClosed } from "./screen.js";
import { version } from "./version.js";

const widest = Math.max(...commands.map(({ usage }) => usage.length));

const help = `Usage: bptt <command> [options]

Recurrent neural networks that learn to write, to forecast, and to tell sequences apart.

Commands:
${commands.map(({ usage, about }) => `  ${usage.padEnd(widest)}  ${about}\n`).join("")}
bptt <command> --help explains a command's options. bptt --version prints the version.

Exit codes: 0, it is done. 1, it went wrong on the way: the loss became no number, the disk is full. 2, it cannot be done as
it was asked for: an option, a file. 130 and 143, Ctrl-C or the system stopped it; what was learned till then is saved.

Examples:
  bptt train shakespeare.txt --minutes 10
  bptt sample shakespeare.safetensors --length 1000
  bptt forecast co2.csv --target co2 --horizon 12
  bptt classify names.csv --label language
  bptt predict names.safetensors new-names.csv
  bptt diagnose shakespeare.safetensors shakespeare.txt
`;

/** Runs a command and returns the exit code. */
async function run([name, ...words]: readonly [name?: string, ...words: string[]]): Promise<number> {
  let open = true;
  endQuietlyWhenClosed(process.stdout, () => {
    open = false;
  });
  endQuietlyWhenClosed(process.stderr);
  if (name === undefined || ["help", "--help", "-h"].includes(name)) {
    process.stdout.write(help);
    return 0;
  }
  if (["--version", "-v"].includes(name)) {
    process.stdout.write(`${version()}\n`);
    return 0;
  }
  const command = commands.find((one) => one.name === name);
  if (command !== undefined) return command.run(words, () => open);
  const what = name.startsWith("-") ? "option" : "command";
  const names = commands.map((one) => one.name);
  throw new Failure(`unknown ${what} ${name}${suggestion(name, names) || "; see bptt --help"}`);
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`bptt${rankLabel()}: ${message.replace(/\s*\n\s*/g, " ")}\n`);
  process.exitCode = error instanceof Failure ? error.exitCode : 1;
}
