/** The page of examples/from-pytorch, served as its README says. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { context, type BuildContext } from "esbuild";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readSafetensors } from "../src/formats/safetensors-file.js";
import { keepScreenshot, launchChromium } from "./chromium.js";

const folder = join(import.meta.dirname, "../examples/from-pytorch");
let build: BuildContext;
let browser: Browser;

beforeAll(async () => {
  build = await context({
    entryPoints: [join(folder, "main.ts")],
    bundle: true,
    format: "esm",
    external: ["node:fs"],
    alias: { bptt: join(folder, "../../dist/entries/inlined.js") },
    outdir: folder, // served, and not written
    write: false,
  });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
  await build.dispose();
});

it("personalises the model in a page, and gives it back", async () => {
  const { port } = await build.serve({ host: "127.0.0.1", servedir: folder });
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(`http://127.0.0.1:${port}/`);
  const link = page.getByRole("link", { name: "Save personal.safetensors" });
  const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
  const told = [...((await page.textContent("#log")) ?? "").matchAll(/: (\d+) of 400/g)].map(([, n]) =>
    Number(n),
  );
  expect(told).toHaveLength(2);
  expect(told[1]).toBeGreaterThan(told[0] + 60);
  const [was, is] = [join(folder, "model.safetensors"), await download.path()].map(
    (path) => readSafetensors(readFileSync(path)).tensors,
  );
  const same = [...was].filter(([name, { data }]) => is.get(name)?.data.join() === data.join());
  expect(same.map(([name]) => name)).toEqual([
    "gru.weight_ih_l0",
    "gru.weight_hh_l0",
    "gru.bias_ih_l0",
    "gru.bias_hh_l0",
  ]);
  await keepScreenshot(page, "from-pytorch");
  expect(errors).toEqual([]);
});
