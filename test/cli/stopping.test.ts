import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { loadNetwork } from "../../src/index.js";
import { small, Workplace } from "./program.js";

const place = new Workplace();
afterAll(() => {
  place.dispose();
});

/** Once the training has begun. */
async function begun(child: ChildProcess): Promise<void> {
  const { stdout } = child;
  if (stdout === null) throw new Error("the program has no output");
  stdout.setEncoding("utf8");
  for await (const [text] of on(stdout)) if (text.includes("kernels")) return;
}

/** The output as it comes, without closing it. */
async function* on(stdout: NonNullable<ChildProcess["stdout"]>): AsyncGenerator<[string]> {
  for (;;) {
    const [text] = (await once(stdout, "data")) as unknown[];
    yield [String(text)];
  }
}

// Windows has no signals to send.
describe.skipIf(process.platform === "win32")("a signal", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s saves what was learned, and ends with %d", async (signal, code) => {
    const out = `${signal}.safetensors`;
    const child = place.start(["train", "text.txt", ...small, "--minutes", "5", "--out", out]);
    const ended = once(child, "close");
    await begun(child);
    child.kill(signal);
    child.stdout?.resume();
    expect(await ended).toEqual([code, null]);
    expect(loadNetwork(readFileSync(place.path(out))).options.hiddenSize).toBe(16);
  });

  it("that cannot be caught leaves the old file or the new one, never a part", async () => {
    place.run(["train", "text.txt", ...small, "--steps", "1"]);
    for (let round = 0; round < 6; round++) {
      const child = place.start(["train", "text.txt", ...small, "--steps", "3"]);
      const ended = once(child, "close");
      await begun(child);
      await new Promise((resolve) => setTimeout(resolve, 4 * round));
      child.kill("SIGKILL");
      await ended;
      expect(loadNetwork(readFileSync(place.path("text.safetensors"))).options.hiddenSize).toBe(16);
    }
  });
});

it("goes on to save when nobody reads its output any more", async () => {
  const child = place.start(["train", "text.txt", ...small, "--steps", "200", "--out", "unread.safetensors"]);
  const ended = once(child, "close");
  child.stdout?.destroy();
  expect(await ended).toEqual([0, null]);
  expect(readdirSync(place.folder)).toContain("unread.safetensors");
});
