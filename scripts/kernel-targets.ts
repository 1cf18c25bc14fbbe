/** Reads from asconfig.json what is compiled: the builds of the kernels, the losses' own binary, and both for debugging. */
import { readFileSync } from "node:fs";

interface Target {
  /** The file that exports the kernels of the binary; the compiler gets it as an argument. */
  readonly entry: string;
  readonly use: readonly string[];
  /** Whether assertions are left out, as they are but for the tests. */
  readonly noAssert?: boolean;
}

/** Target of the kernels that few programs use, the losses': one binary beside every build. */
export const LOSSES = "losses";

function readTargets(): Readonly<Record<string, Target>> {
  const { targets } = JSON.parse(readFileSync("asconfig.json", "utf8")) as {
    readonly targets: Readonly<Record<string, Target>>;
  };
  return targets;
}

function namesOf(fits: (target: Target) => boolean): string[] {
  return Object.entries(readTargets())
    .filter(([, target]) => fits(target))
    .map(([name]) => name);
}

/** Returns the targets that the library carries. */
export function shippedTargets(): string[] {
  return namesOf(({ noAssert }) => noAssert !== false);
}

/** Returns the targets for the tests alone: nothing of them is shipped. */
export function debugTargets(): string[] {
  return namesOf(({ noAssert }) => noAssert === false);
}

/** Returns the compiler's arguments for a target. */
export function argumentsFor(target: string): string[] {
  return [readTargets()[target].entry, "--target", target];
}

/** Returns the columns of a packed panel, by build. */
export function panelColumns(): Record<string, number> {
  const targets = readTargets();
  return Object.fromEntries(
    shippedTargets().flatMap((name) => {
      const given = targets[name].use.find((use) => use.startsWith("PANEL_COLUMNS="));
      return given === undefined ? [] : [[name, Number(given.split("=")[1])]];
    }),
  );
}
