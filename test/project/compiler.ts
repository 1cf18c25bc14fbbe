import { join } from "node:path";
import ts from "typescript";
import { root } from "./installed-package.js";

/** A user's strict project, whose only library is the language's own: neither a browser's types nor Node's. */
export const strictOptions: ts.CompilerOptions = {
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2024.d.ts"],
  types: [],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
};

export const withNodeTypes: ts.CompilerOptions = {
  types: ["node"],
  typeRoots: [join(root, "node_modules/@types")],
};

export const withDom: ts.CompilerOptions = { lib: ["lib.es2024.d.ts", "lib.dom.d.ts"] };

export const asBundlersDo: ts.CompilerOptions = {
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
};

/** Compiles files to JavaScript beside them; returns the compiler's complaints, none when all is well. */
export function compile(files: readonly string[], options: ts.CompilerOptions): string[] {
  const program = ts.createProgram(files, options);
  const emitted = program.emit();
  return [...ts.getPreEmitDiagnostics(program), ...emitted.diagnostics].map((diagnostic) => {
    const place = diagnostic.file?.getLineAndCharacterOfPosition(diagnostic.start ?? 0);
    const where = place === undefined ? "" : `${diagnostic.file?.fileName ?? ""}:${place.line + 1}: `;
    return where + ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n");
  });
}
