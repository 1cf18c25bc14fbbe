/**
 * Writes what follows from the kernels' sources: the entries that AssemblyScript compiles, and for the host their types,
 * their signatures, calls with named arguments, where constants stand, and the sizes that both sides agree on.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { constantValues } from "./kernel-constants.js";
import {
  isLossKernel,
  readKernelInterface,
  type Kernel,
  type KernelInterface,
  type Parameter,
} from "./kernel-interface.js";
import { panelColumns } from "./kernel-targets.js";

/** The most arguments that a call gives by their place alone. */
const MOST_BY_PLACE = 12;

/** Marks before the names in a signature, by type. */
const marks: Record<Parameter["type"], string> = {
  Pointer: "*",
  OptionalPointer: "?",
  usize: "",
  u32: "#",
  f32: "~",
  bool: "!",
};

const hostTypes: Record<Parameter["type"], string> = {
  Pointer: "Pointer",
  OptionalPointer: "OptionalPointer",
  usize: "number",
  u32: "number",
  f32: "number",
  bool: "boolean",
};

/** Kernels that are compiled into one binary, and the names under which the host sees them. */
interface Binary {
  readonly kernels: readonly Kernel[];
  /** The type of what the binary exports. */
  readonly type: string;
  readonly summary: string;
  /** The name of the table of its signatures. */
  readonly signatures: string;
  /** Before the names of the files. */
  readonly prefix: string;
}

/** Returns the kernels of every build, and those of the losses' own binary. */
function binariesOf({ kernels }: KernelInterface): { builds: Binary; losses: Binary } {
  return {
    builds: {
      kernels: kernels.filter((kernel) => !isLossKernel(kernel)),
      type: "Kernels",
      summary: "The kernels are what a build's binary exports. Sizes and strides are in elements.",
      signatures: "signatures",
      prefix: "",
    },
    losses: {
      kernels: kernels.filter(isLossKernel),
      type: "LossKernels",
      summary: "What the binary of the losses' kernels exports. Sizes and strides are in elements.",
      signatures: "lossSignatures",
      prefix: "loss-",
    },
  };
}

function comment(text: string, indent = ""): string {
  const lines = text.split("\n");
  if (lines.length === 1) return `${indent}/** ${text} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}\n`).join("")}${indent} */\n`;
}

const resultOf = ({ result }: Kernel): string => (result === "void" ? "void" : "number");

function typeText(kernel: Kernel): string {
  const { name, summary, parameters } = kernel;
  const list = parameters.map((one) => `    ${one.name}: ${hostTypes[one.type]},\n`).join("");
  return `${comment(summary, "  ")}  readonly ${name}: (\n${list}  ) => ${resultOf(kernel)};\n`;
}

function namedCall(kernel: Kernel, kernels: string): string {
  const { name, summary, parameters } = kernel;
  const members = parameters.map((one) => `  readonly ${one.name}: ${hostTypes[one.type]};\n`).join("");
  const places = parameters.map((one) => `    from.${one.name},\n`).join("");
  const type = `${name[0].toUpperCase()}${name.slice(1)}Arguments`;
  return (
    `export interface ${type} {\n${members}}\n\n${comment(summary)}` +
    `export function ${name}(kernels: ${kernels}, from: ${type}): ${resultOf(kernel)} {\n` +
    `  ${kernel.result === "void" ? "" : "return "}kernels.${name}(\n${places}  );\n}\n`
  );
}

function entryText(kernels: readonly Kernel[]): string {
  const files = [...new Set(kernels.map(({ file }) => file))];
  const lines = files.map((file) => {
    const names = kernels.filter((kernel) => kernel.file === file).map(({ name }) => name);
    return `export { ${names.join(", ")} } from "../${file}";\n`;
  });
  return `// The kernels of a binary, all of them.\n${lines.join("")}`;
}

function signatureLine({ name, parameters }: Kernel): string {
  return `  ${name}: "${parameters.map((one) => marks[one.type] + one.name).join(" ")}",\n`;
}

function sizesText({ sizes }: KernelInterface): string {
  const columns = panelColumns();
  const lines = [...sizes].map(
    ([name, { value, summary }]) => `${comment(summary)}export const ${name} = ${value};\n`,
  );
  return [
    ...lines,
    `${comment("Columns of a packed panel, by build.")}export const panelColumns = ${JSON.stringify(columns)} as const;\n`,
    `${comment("Columns of a packed panel in the build that has the widest.")}export const WIDEST_PANEL = ${Math.max(...Object.values(columns))};\n`,
  ].join("\n");
}

/** Returns the table of constants, in the order of their places. */
function constantsText({ constants }: KernelInterface): string {
  const values: Readonly<Record<string, number | undefined>> = constantValues;
  const table = Array.from({ length: Math.max(...constants.values()) / 4 + 1 }, () => "0, // nothing");
  for (const [name, place] of constants) {
    const value = values[name];
    if (value === undefined) throw new Error(`scripts/kernel-constants.ts: expected a value of "${name}"`);
    table[place / 4] = `${value}, // ${name}`;
  }
  const names = [...constants.keys()].map((name) => JSON.stringify(name)).join(" | ");
  return (
    `export type ConstantName = ${names};\n\n` +
    comment("Floats that the kernels find in memory, one after the other.") +
    `export const constantTable: readonly number[] = [\n${table.map((line) => `  ${line}\n`).join("")}];\n`
  );
}

/** Returns the texts of a binary's files for the host, by name. */
function binaryFiles({ kernels, type, summary, signatures, prefix }: Binary): Record<string, string> {
  const file = `${prefix}kernels`;
  const named = kernels.filter(({ parameters }) => parameters.length > MOST_BY_PLACE);
  return {
    [file]:
      `import type { OptionalPointer, Pointer } from "./pointers.js";\n\n` +
      `${comment(summary)}export interface ${type} {\n${kernels.map(typeText).join("\n")}}\n`,
    [`named-${file}`]:
      `import type { ${type} } from "./${file}.js";\nimport type { OptionalPointer, Pointer } from "./pointers.js";\n\n` +
      named.map((kernel) => namedCall(kernel, type)).join("\n"),
    [`${prefix}signatures`]:
      `import type { ${type} } from "./${file}.js";\n\n` +
      comment(
        `The kernels' parameters: pointers are marked ${marks.Pointer}, those that may be 0 ${marks.OptionalPointer}, integers ${marks.u32}, floats ${marks.f32}, booleans ${marks.bool}, sizes not.`,
      ) +
      `export const ${signatures}: Readonly<Record<keyof ${type}, string>> = ` +
      `{\n${kernels.map(signatureLine).join("")}};\n`,
  };
}

/** Returns the texts of the files for the host, by name. */
function hostFiles(read: KernelInterface, builds: Binary, losses: Binary): Record<string, string> {
  return {
    pointers:
      `${comment("A pointer is bytes from the start of the kernels' memory.")}export type Pointer = number;\n` +
      `${comment("This one may be 0: the kernel then does without what it would point to.")}export type OptionalPointer = number;\n`,
    ...binaryFiles(builds),
    ...binaryFiles(losses),
    "constant-table": constantsText(read),
    sizes: sizesText(read),
  };
}

export function generateInterface(): void {
  const read = readKernelInterface();
  const write = (folder: string, name: string, text: string): void => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, `${name}.ts`),
      `// Made from assembly/ by scripts/generate-interface.ts.\n${text}`,
    );
  };
  const { builds, losses } = binariesOf(read);
  write("assembly/generated", "index", entryText(builds.kernels));
  write("assembly/generated", "losses", entryText(losses.kernels));
  for (const [name, text] of Object.entries(hostFiles(read, builds, losses)))
    write("src/wasm/generated", name, text);
}
