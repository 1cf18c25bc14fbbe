/** What a run was told, as its folder keeps it: enough to go on with. */

import type { Build } from "../../index.js";
import { builds } from "../builds.js";
import { Failure } from "../failure.js";

const FORMAT = 1;

export interface RunConfig {
  readonly format: typeof FORMAT;
  /** Version of the package that began the run. */
  readonly bptt: string;
  readonly node: string;
  readonly began: string;
  readonly command: string;
  /** The command's files: absolute paths, or "-" for what came through a pipe and is kept in the folder. */
  readonly operands: readonly string[];
  /** SHA-256 of what was read, in the operands' order. */
  readonly hashes: readonly string[];
  /** All options that had a value, by name, defaults included. */
  readonly options: Readonly<Record<string, string>>;
  /** The kernels. */
  readonly build: Build;
}

export function makeConfig(config: Omit<RunConfig, "format" | "node" | "began">): RunConfig {
  return {
    format: FORMAT,
    ...config,
    node: process.versions.node,
    began: new Date().toISOString(),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** Reads what `makeConfig` made. Throws a Failure that names the file and what is wrong with it. */
export function parseConfig(path: string, text: string): RunConfig {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    throw new Failure(`${path} is no configuration of a run: it is not JSON`);
  }
  const wrong = (what: string): never => {
    throw new Failure(`${path} is no configuration of a run: ${what}`);
  };
  if (!isRecord(config)) return wrong("it is no object");
  const { format, bptt, node, began, command, operands, hashes, options, build } = config;
  if (format !== FORMAT)
    return wrong(`its format is ${JSON.stringify(format)}, and this program reads ${FORMAT}`);
  const texts = (name: string, list: unknown): readonly string[] =>
    Array.isArray(list) && list.every(isText) ? list : wrong(`"${name}" is no list of texts`);
  const text_ = (name: string, value: unknown): string =>
    isText(value) ? value : wrong(`"${name}" is no text`);
  const known = builds.find((one) => one === build) ?? wrong(`"build" is ${JSON.stringify(build)}`);
  if (!isRecord(options) || !Object.values(options).every(isText))
    return wrong(`"options" has what is no text`);
  return {
    format,
    bptt: text_("bptt", bptt),
    node: text_("node", node),
    began: text_("began", began),
    command: text_("command", command),
    operands: texts("operands", operands),
    hashes: texts("hashes", hashes),
    options: options as Record<string, string>,
    build: known,
  };
}
