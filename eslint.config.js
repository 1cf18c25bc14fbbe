import js from "@eslint/js";
import tseslint from "typescript-eslint";
import { importX } from "eslint-plugin-import-x";
import { createTypeScriptImportResolver } from "eslint-import-resolver-typescript";
import { layerRules } from "./scripts/layers.js";

/** Functions whose last bits differ between engines: results would not be the same everywhere. */
const inexactMath = ["pow", "exp", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "tanh", "sinh", "cosh", "atan2"];

export default tseslint.config(
  { ignores: ["dist/**", "build/**", "node_modules/**", "assembly/**", "src/wasm/generated/**", "bench/compare/**"] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ["eslint.config.js", "scripts/layers.js"] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: { "import-x": importX },
    settings: { "import-x/resolver-next": [createTypeScriptImportResolver({ project: "tsconfig.json" })] },
    rules: {
      "import-x/no-cycle": "error",
      "import-x/no-unresolved": ["error", { ignore: ["^bptt$"] }],
      "import-x/no-default-export": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/no-unnecessary-condition": ["error", { allowConstantLoopConditions: true }],
      "@typescript-eslint/prefer-for-of": "off",
      "no-console": "error",
    },
  },
  {
    files: ["src/**/*.ts"],
    rules: {
      "import-x/no-restricted-paths": ["error", { zones: layerRules() }],
      "no-restricted-properties": [
        "error",
        ...inexactMath.map((property) => ({
          object: "Math",
          property,
          message: "differs between engines: numerics use the kernels, or src/random.ts",
        })),
        { object: "Math", property: "random", message: "randomness is seeded: src/random.ts" },
      ],
      "no-restricted-syntax": [
        "error",
        { selector: "BinaryExpression[operator='**']", message: "** differs between engines" },
        { selector: "AssignmentExpression[operator='**=']", message: "** differs between engines" },
      ],
    },
  },
  {
    files: ["src/**/*.ts"],
    ignores: ["src/cli/**", "src/**/*.node.ts"],
    rules: {
      "no-restricted-imports": ["error", { patterns: [{ group: ["node:*"], message: "node: modules belong to src/cli" }] }],
      "no-restricted-globals": ["error", "process", "Buffer", "require"],
    },
  },
  { files: ["*.config.{js,ts}"], rules: { "import-x/no-default-export": "off" } },
  { files: ["bench/**", "scripts/**", "examples/**"], rules: { "no-console": "off" } },
  { files: ["**/*.js"], ...tseslint.configs.disableTypeChecked },
);
