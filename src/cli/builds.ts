/** Chooses the kernels: the wide build by itself where a process of its own has shown that it works. */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { supportedBuilds, type Build } from "../index.js";
import { refusalOfWide } from "../wasm/wide-build.js";

export const builds: readonly Build[] = ["simd", "relaxed-simd", "wide"];

/** Seconds that the process may take; it takes one or two. */
const PATIENCE = 30;

/** What it prints in the end. */
export const WORKS = "the wide build works";

/** Trains with the wide build in a process of its own, which may abort; returns whether it lived to say so. */
async function worksElsewhere(): Promise<boolean> {
  // An engine that it was never tested on is not even tried.
  if (refusalOfWide() !== undefined) return false;
  const script = fileURLToPath(new URL("./try-wide.js", import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, script], {
    stdio: ["ignore", "pipe", "ignore"],
    timeout: 1000 * PATIENCE,
    killSignal: "SIGKILL",
    windowsHide: true,
  });
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
  return new Promise((resolve) => {
    child.on("error", () => {
      resolve(false);
    });
    child.on("close", (code) => {
      resolve(code === 0 && printed.trim() === WORKS);
    });
  });
}

export interface ChosenBuild {
  readonly build: "auto" | Build;
  /** Said of the choice. */
  readonly note?: string;
}

/** Returns the build to create networks with, whose kernels are then provided. */
export async function chooseBuild(wish: "auto" | Build): Promise<ChosenBuild> {
  if (wish === "wide") await import("../wide.js");
  if (wish !== "auto" || !(await worksElsewhere())) return { build: wish };
  await import("../wide.js");
  if (!supportedBuilds().includes("wide")) return { build: wish };
  return {
    build: "wide",
    note: "Takes the wide kernels, which a process of its own has shown to work here; --build relaxed-simd takes the others.",
  };
}

/** Provides the kernels that a run began with; returns others where they do not run here. */
export async function resumeBuild(began: Build): Promise<ChosenBuild> {
  if (began === "wide" && (await worksElsewhere())) await import("../wide.js");
  if (supportedBuilds().includes(began)) return { build: began };
  return {
    build: "auto",
    note: `It began with the ${began} kernels, which do not run here: from now on its numbers differ in their last bits.`,
  };
}
