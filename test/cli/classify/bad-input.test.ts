import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseArguments } from "../../../src/cli/arguments.js";
import { runClassify } from "../../../src/cli/classify/classify-command.js";
import { classifyCommand } from "../../../src/cli/classify/classify-options.js";
import { Failure } from "../../../src/cli/failure.js";
import { badInputs, type BadInput } from "./bad-inputs.js";

const folder = mkdtempSync(join(tmpdir(), "bptt-bad-input-"));
const printed: string[] = [];
afterAll(() => {
  rmSync(folder, { recursive: true });
  // BPTT_PRINT=1 prints the table: what was given, what was said.
  if (process.env["BPTT_PRINT"] !== undefined) process.stdout.write(`${printed.join("\n")}\n`);
});

/** Runs the command in this process; returns what ended it. */
async function failureOf(path: string, words: readonly string[]): Promise<Failure> {
  const given = parseArguments(classifyCommand, [path, "--out", join(folder, "model.safetensors"), ...words]);
  if (given === undefined) throw new Error("help was asked for");
  let out = "";
  const output = { write: (text: string) => (out += text) };
  const speaker = { stdout: output, stderr: output, env: {}, platform: process.platform };
  try {
    await runClassify(given, undefined, speaker);
  } catch (error) {
    expect(out).toBe("");
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error(`nothing was refused, but printed: ${out}`);
}

async function check(path: string, { what, words = [], said }: Omit<BadInput, "given">): Promise<void> {
  const { message, exitCode } = await failureOf(path, words);
  const generic = message.replaceAll(path, "FILE");
  printed.push(`${what}${words.length > 0 ? ` (${words.join(" ")})` : ""}: ${generic}`);
  expect(generic).toBe(said);
  expect(exitCode).toBe(2);
  expect(readdirSync(folder)).not.toContain("model.safetensors");
}

describe.each(badInputs)("bad input, $kind:", ({ kind, inputs }) => {
  it.each(inputs)("$what", async (input) => {
    const path = join(folder, "input");
    rmSync(path, { force: true });
    if (input.given !== undefined) writeFileSync(path, input.given);
    await check(path, { ...input, what: `${kind}, ${input.what}` });
  });
});

it("bad input, files: a folder", async () => {
  const path = join(folder, "folder");
  mkdirSync(path);
  await check(path, { what: "files, a folder", said: "cannot read FILE: it is a folder" });
});
