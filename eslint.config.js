import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import { createTypeScriptImportResolver } from "eslint-import-resolver-typescript";
import { importX } from "eslint-plugin-import-x";
import tseslint from "typescript-eslint";
import { layerZones } from "./scripts/layers.js";

/** What of Math gives the same bits in every engine; the rest (exp, log, pow, hypot, …) does not, and random has no seed. */
const exactMath = [
  ...["abs", "ceil", "clz32", "floor", "fround", "imul", "max", "min", "round", "sign", "sqrt", "trunc"],
  ...["E", "LN10", "LN2", "LOG10E", "LOG2E", "PI", "SQRT1_2", "SQRT2"],
];
const inexact = "differs between engines: numerics use the kernels, or src/random.ts.";

export default defineConfig(
  globalIgnores([
    "dist",
    "build",
    "assembly",
    "src/*/generated",
    "bench/compare",
    "examples/playground",
    "test-engines/programs",
  ]),
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { "import-x": importX },
    settings: {
      ...importX.flatConfigs.typescript.settings,
      "import-x/resolver-next": [
        createTypeScriptImportResolver({ project: `${import.meta.dirname}/tsconfig.json` }),
      ],
    },
    rules: {
      "import-x/no-cycle": "error",
      "import-x/no-unresolved": ["error", { ignore: ["^bptt$"] }],
      "import-x/no-default-export": "error",
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/no-unnecessary-condition": ["error", { allowConstantLoopConditions: true }],
      "@typescript-eslint/prefer-for-of": "off",
      // { type, ...options } leaves a field out.
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }],
      "no-console": "error",
    },
  },
  {
    files: ["src/**/*.ts"],
    rules: {
      "import-x/no-restricted-paths": ["error", { basePath: import.meta.dirname, zones: layerZones() }],
      "import-x/no-extraneous-dependencies": ["error", { devDependencies: false }],
      "no-restricted-properties": ["error", { object: "Math", allowProperties: exactMath, message: inexact }],
      "no-restricted-syntax": [
        "error",
        { selector: "BinaryExpression[operator='**']", message: `** ${inexact}` },
        { selector: "AssignmentExpression[operator='**=']", message: `**= ${inexact}` },
      ],
    },
  },
  {
    files: ["src/**/*.ts"],
    ignores: ["src/cli/**", "src/node/**"],
    rules: {
      "import-x/no-nodejs-modules": "error",
      "no-restricted-globals": ["error", "process", "Buffer", "require", "global", "__dirname", "__filename"],
    },
  },
  {
    // The build puts packages' code into these files (scripts/bundle-page.ts, scripts/bundle-parser.ts).
    files: ["src/cli/run/page/page.ts", "src/cli/table/parse-csv.ts"],
    rules: { "import-x/no-extraneous-dependencies": "off" },
  },
  {
    files: ["*.config.{js,ts}", "scripts/unhandled-errors.ts", "src/entries/wasm-files.d.ts"],
    rules: { "import-x/no-default-export": "off" },
  },
  { files: ["bench/**", "examples/**", "scripts/**", "test-engines/**"], rules: { "no-console": "off" } },
);
