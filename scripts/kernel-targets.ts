/** Reads from asconfig.json which builds there are, and what is compiled into each. */
import { readFileSync } from "node:fs";

interface Configuration {
  readonly targets: Readonly<Record<string, { readonly use: readonly string[] }>>;
}

/** Target for the tests alone: nothing of it is shipped. */
export const DEBUG = "debug";

function readTargets(): Configuration["targets"] {
  return (JSON.parse(readFileSync("asconfig.json", "utf8")) as Configuration).targets;
}

/** Returns the builds that the library carries. */
export function shippedBuilds(): string[] {
  return Object.keys(readTargets()).filter((name) => name !== DEBUG);
}

/** Returns the columns of a packed panel, by build. */
export function panelColumns(): Record<string, number> {
  const targets = readTargets();
  return Object.fromEntries(
    shippedBuilds().map((name) => {
      const given = targets[name].use.find((use) => use.startsWith("PANEL_COLUMNS="));
      return [name, Number(given?.split("=")[1])];
    }),
  );
}
