/**
 * Reads what the kernels' sources say of their interface, with TypeScript's parser, which AssemblyScript's syntax goes
 * through. Every exported function is a kernel, every exported number a size that the host agrees on, and the namespace
 * `Constant` says where the kernels look for their constants; what other files of assembly/ share is static methods of
 * classes.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/** Types of a kernel's parameters; the aliases of assembly/pointer.ts tell pointers from sizes. */
const parameterTypes = ["Pointer", "OptionalPointer", "usize", "u32", "f32", "bool"] as const;
const resultTypes = ["void", "i32", "f32", "f64"] as const;

export interface Parameter {
  readonly name: string;
  readonly type: (typeof parameterTypes)[number];
}

export interface Kernel {
  readonly name: string;
  /** Its file, relative to assembly/ and without its ending. */
  readonly file: string;
  /** The doc comment's first paragraph. */
  readonly summary: string;
  readonly parameters: readonly Parameter[];
  readonly result: (typeof resultTypes)[number];
}

export interface KernelInterface {
  /** Of all binaries; sorted by file, then by name, as they export them. */
  readonly kernels: readonly Kernel[];
  /** Bytes from the start of the constants, by name. */
  readonly constants: ReadonlyMap<string, number>;
  readonly sizes: ReadonlyMap<string, { readonly value: number; readonly summary: string }>;
}

function fail(node: ts.Node, message: string): never {
  const file = node.getSourceFile();
  const { line } = file.getLineAndCharacterOfPosition(node.getStart());
  throw new Error(`assembly/${file.fileName}:${line + 1}: ${message}`);
}

function isExported(node: ts.FunctionDeclaration | ts.VariableStatement | ts.ModuleDeclaration): boolean {
  return node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;
}

function summaryOf(node: ts.Node, name: string): string {
  const doc = ts.getJSDocCommentsAndTags(node).find(ts.isJSDoc);
  const text = ts.getTextOfJSDocComment(doc?.comment);
  if (text === undefined) fail(node, `"${name}" is exported: expected a doc comment`);
  return text.split("\n\n")[0];
}

/** Returns which of the types that an interface may have stands there. */
function typeOf<Type extends string>(
  node: ts.Node,
  type: ts.TypeNode | undefined,
  types: readonly Type[],
  name: string,
): Type {
  const text = type?.getText() ?? "none";
  const found = types.find((known) => known === text);
  return found ?? fail(node, `the type of "${name}" expected ${types.join(" or ")}, got ${text}`);
}

function readKernel(node: ts.FunctionDeclaration, file: string): Kernel {
  const name = node.name?.text ?? fail(node, "an exported function expected a name");
  const parameters = node.parameters.map((parameter) => {
    const label = parameter.name.getText();
    return { name: label, type: typeOf(parameter, parameter.type, parameterTypes, `${name}'s ${label}`) };
  });
  const result = typeOf(node, node.type, resultTypes, `${name}'s result`);
  return { name, file, summary: summaryOf(node, name), parameters, result };
}

/** Returns the numbers that a statement declares, with their names. */
function readNumbers(node: ts.VariableStatement): [name: string, value: number][] {
  return node.declarationList.declarations.map(({ name, initializer }) => {
    if (initializer === undefined || !ts.isNumericLiteral(initializer))
      fail(node, `"${name.getText()}" is exported: expected a number`);
    return [name.getText(), Number(initializer.text)];
  });
}

function readConstants(node: ts.ModuleDeclaration): Map<string, number> {
  const statements: readonly ts.Statement[] =
    node.body !== undefined && ts.isModuleBlock(node.body) ? node.body.statements : [];
  const places = new Map<string, number>();
  for (const [name, place] of statements.filter(ts.isVariableStatement).flatMap(readNumbers)) {
    if (place % 4 !== 0 || [...places.values()].includes(place))
      fail(node, `the place of "${name}" expected a multiple of 4 of its own, got ${place}`);
    places.set(name, place);
  }
  return places;
}

/** Returns whether a kernel is in the losses' own binary, as those of the folder losses/ are. */
export function isLossKernel({ file }: Kernel): boolean {
  return file.startsWith("losses/");
}

/** Returns the interface that the sources of a folder have, without what is generated there. */
export function readKernelInterface(folder = "assembly"): KernelInterface {
  const kernels = new Map<string, Kernel>();
  const sizes = new Map<string, { value: number; summary: string }>();
  let constants = new Map<string, number>();
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => name.replaceAll("\\", "/"))
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts") && !/(^|\/)generated\//.test(name));
  for (const name of files.sort()) {
    const text = readFileSync(join(folder, name), "utf8");
    const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
    for (const node of source.statements) {
      if (ts.isFunctionDeclaration(node) && isExported(node)) {
        const kernel = readKernel(node, name.slice(0, -".ts".length));
        if (kernels.has(kernel.name)) fail(node, `a second kernel is called "${kernel.name}"`);
        kernels.set(kernel.name, kernel);
      } else if (ts.isVariableStatement(node) && isExported(node)) {
        for (const [label, value] of readNumbers(node))
          sizes.set(label, { value, summary: summaryOf(node, label) });
      } else if (ts.isModuleDeclaration(node) && isExported(node)) constants = readConstants(node);
    }
  }
  const place = ({ file, name }: Kernel): string => `${file} ${name}`;
  const sorted = [...kernels.values()].sort((a, b) => (place(a) < place(b) ? -1 : 1));
  return { kernels: sorted, constants, sizes };
}
