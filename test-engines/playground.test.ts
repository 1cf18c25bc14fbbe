/** The playground, driven as a person would. */
import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from "vitest";
import { cellNames } from "../src/network/cells/by-name.js";
import { keepScreenshot, launchChromium } from "./chromium.js";
import { buildPlayground, hostPlayground } from "./playground-site.js";

const host = hostPlayground();
let address: string;
let browser: Browser;
let page: Page;
let errors: string[];

beforeAll(async () => {
  buildPlayground();
  address = await host.listen();
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
  host.close();
});

beforeEach(async () => {
  page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
  errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
});

afterEach(async () => {
  await page.close();
  expect(errors).toEqual([]);
});

async function open(path = ""): Promise<void> {
  await page.goto(address + path);
}

async function updates(): Promise<number> {
  return Number((await page.textContent("#step"))?.replace(/\D/g, ""));
}

/** Waits until so many updates were shown. */
async function train(count: number): Promise<void> {
  await page.waitForFunction(
    (least) => Number(document.querySelector("#step")?.textContent.replace(/\D/g, "")) >= least,
    count,
  );
}

const small = "#hidden=24&batch=8&window=16";

describe("the playground", () => {
  it("learns a text: the loss falls, it writes, and shows gradients and units", async () => {
    await open(small);
    await page.getByRole("button", { name: "Train" }).click();
    await train(300);
    // Nats a character: 4 before training, 3 for one that knows how frequent each is.
    expect(Number(await page.textContent("#loss"))).toBeLessThan(2.6);
    await page.waitForFunction(() => (document.querySelector("#sample")?.textContent ?? "").length > 100);
    await page.waitForSelector("#lag-chart canvas");
    expect(await page.textContent("#heat-caption")).toContain("24 units over 20 characters");
    await page.fill("#probe", "What is it");
    await page.waitForFunction(() =>
      document.querySelector("#heat-caption")?.textContent.includes("over 10 characters"),
    );
    await page.hover("#heat-map", { position: { x: 20, y: 40 } });
    expect(await page.textContent("#heat-caption")).toMatch(/^unit \d+ after “h”: -?\d\.\d{3}$/);
    await keepScreenshot(page, "playground");
  });

  it("pauses where it is, resumes, and starts over", async () => {
    await open(small);
    await page.getByRole("button", { name: "Train" }).click();
    await train(10);
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("button", { name: "Resume" }).waitFor();
    await page.waitForTimeout(300); // what was under way arrives
    const paused = await updates();
    await page.waitForTimeout(500);
    expect(await updates()).toBe(paused);
    await page.getByRole("button", { name: "Resume" }).click();
    await train(paused + 10);
    await page.getByRole("button", { name: "Start over" }).click();
    expect(await updates()).toBe(0);
    await page.getByRole("button", { name: "Train" }).waitFor();
  });

  it("saves a model that another visit loads", async () => {
    await open(small);
    await page.getByRole("button", { name: "Train" }).click();
    await train(50);
    await page.getByRole("button", { name: "Pause" }).click();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Save the model" }).click(),
    ]);
    expect(download.suggestedFilename()).toBe("playground.safetensors");
    const bytes = readFileSync(await download.path());
    await open("#hidden=8");
    await page.setInputFiles("#model-file", { name: "model.safetensors", mimeType: "", buffer: bytes });
    await page.waitForFunction(() => (document.querySelector("#sample")?.textContent ?? "").length > 100);
    expect(await page.inputValue("[name=hidden]")).toBe("24");
    await page.getByRole("button", { name: "Train" }).click();
    await train(10);
  });

  it.each(["paused", "hidden"])(
    "keeps its run when it is %s, and another visit goes on with it",
    async (when) => {
      await open(small);
      await page.getByRole("button", { name: "Train" }).click();
      await train(60);
      if (when === "paused") await page.getByRole("button", { name: "Pause" }).click();
      else
        await page.evaluate(() => {
          Object.defineProperty(document, "visibilityState", { value: "hidden" });
          document.dispatchEvent(new Event("visibilitychange"));
        });
      await page.waitForFunction(() => document.querySelector("#kept-note")?.textContent.includes("Kept"));
      await open("?again#hidden=8"); // a visit of its own, with other settings
      await page.waitForSelector("#kept:not([hidden])");
      const kept = Number(/at update (\d+)/.exec((await page.textContent("#kept-text")) ?? "")?.[1]);
      expect(kept).toBeGreaterThanOrEqual(60);
      await page.getByRole("button", { name: "Go on with it" }).click();
      await train(kept + 100);
      expect(await page.inputValue("[name=hidden]")).toBe("24");
      expect(await page.isHidden("#kept")).toBe(true);
      expect(await page.isHidden("#message")).toBe(true);
      // A network that began anew would be at 3 or more.
      expect(Number(await page.textContent("#loss"))).toBeLessThan(2.9);
      await page.getByRole("button", { name: "Start over" }).click();
      await page.waitForFunction(() => document.querySelector("#kept-note")?.textContent === "");
      await page.reload();
      await page.waitForTimeout(300); // what is kept would be offered by now
      expect(await page.isHidden("#kept")).toBe(true);
    },
  );

  it("forgets a run that nobody goes on with", async () => {
    await open(small);
    await page.getByRole("button", { name: "Train" }).click();
    await train(10);
    await page.getByRole("button", { name: "Pause" }).click();
    await page.waitForFunction(() => document.querySelector("#kept-note")?.textContent.includes("Kept"));
    await page.reload();
    await page.getByRole("button", { name: "Forget it" }).click();
    await page.waitForSelector("#kept", { state: "hidden" });
    await page.reload();
    await page.waitForTimeout(300);
    expect(await page.isHidden("#kept")).toBe(true);
  });

  it("carries its settings in the address", async () => {
    await open();
    await page.selectOption("[name=cell]", "gru");
    await page.fill("[name=hidden]", "33");
    await page.selectOption("[name=rule]", "uoro");
    const url = new URL(page.url());
    expect(Object.fromEntries(new URLSearchParams(url.hash.slice(1)))).toEqual({
      cell: "gru",
      hidden: "33",
      rule: "uoro",
    });
    await open(`${url.hash}&batch=0&temperature=hot`);
    await page.reload();
    const values = await page.$$eval("#settings input, #settings select", (fields) =>
      fields.map((field) =>
        field instanceof HTMLInputElement || field instanceof HTMLSelectElement ? field.value : "",
      ),
    );
    expect(values.slice(0, 4)).toEqual(["gru", "33", "1", "uoro"]);
    expect(values).not.toContain("hot");
  });

  it.each(cellNames)("trains a network of %s by every rule", async (cell) => {
    await open(`${small}&cell=${cell}`);
    for (const rule of ["tbptt", "bptt", "artbp", "uoro", "kfRtrl", "snap1"]) {
      await page.selectOption("[name=rule]", rule);
      const before = await updates();
      await page.locator("#run").click();
      await train(before + 3);
      await page.getByRole("button", { name: "Pause" }).click();
    }
    expect(await page.isHidden("#message")).toBe(true);
  });

  it("says what is wrong, and goes on", async () => {
    await open();
    await page.fill("#text", "too short");
    await page.getByRole("button", { name: "Train" }).click();
    expect(await page.textContent("#message")).toContain("The text is too short");
    await page.setInputFiles("#model-file", {
      name: "junk.safetensors",
      mimeType: "",
      buffer: Buffer.from("junk"),
    });
    await page.waitForFunction(() =>
      document.querySelector("#message")?.textContent.includes("junk.safetensors was not loaded"),
    );
    await page.setInputFiles("#text-file", {
      name: "poem.txt",
      mimeType: "text/plain",
      buffer: Buffer.from("la la lu ".repeat(200)),
    });
    await page.waitForFunction(
      () => document.querySelector("#text-size")?.textContent === "1800 characters, 4 different ones",
    );
    await page.getByRole("button", { name: "Train" }).click();
    await train(5);
    expect(await page.isHidden("#message")).toBe(true);
  });

  it("can be used by keyboard", async () => {
    await open(small);
    await page.focus("#text");
    for (let i = 0; i < 20 && (await page.evaluate(() => document.activeElement?.id)) !== "run"; i++)
      await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await train(5);
    await page.keyboard.press("Space");
    await page.getByRole("button", { name: "Resume" }).waitFor();
  });

  it("fits a phone, in the dark", async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.emulateMedia({ colorScheme: "dark" });
    await open(small);
    await page.locator("#run").click();
    await train(50);
    const { scrollWidth, background } = await page.evaluate(() => ({
      scrollWidth: document.documentElement.scrollWidth,
      background: getComputedStyle(document.body).backgroundColor,
    }));
    expect(scrollWidth).toBeLessThanOrEqual(360);
    expect(background).toBe("rgb(22, 24, 28)");
    await keepScreenshot(page, "playground-phone");
  });

  it("says plainly where SIMD is missing", async () => {
    await page.addInitScript(() => {
      WebAssembly.validate = () => false;
    });
    await open();
    expect(await page.isVisible("#no-engine")).toBe(true);
    expect(await page.isVisible("#playground")).toBe(false);
    await open("explain.html");
    expect(await page.isVisible("#no-engine")).toBe(true);
  });
});

describe("the explanation", () => {
  it.each([
    { path: "explain.html", lang: "en", dir: "ltr", heading: "Step 1, forwards: it reads “h”", steps: 4 },
    {
      path: "explain.html?lang=fa",
      lang: "fa",
      dir: "rtl",
      heading: "گام ۱، رو به جلو: حرف «م» خوانده می‌شود",
      steps: 4,
    },
  ])("walks forwards and back in $lang", async ({ path, lang, dir, heading, steps }) => {
    await open(path);
    expect(await page.getAttribute("html", "lang")).toBe(lang);
    expect(await page.getAttribute("html", "dir")).toBe(dir);
    expect(await page.textContent("#panel h2")).toBe(heading);
    for (let i = 1; i < 2 * steps; i++) await page.click("#next");
    expect(await page.isDisabled("#next")).toBe(true);
    expect(await page.locator("#diagram .arrow.back").count()).toBe(2 * steps - 1);
    await keepScreenshot(page, `explanation-${lang}`);
  });

  it("shows numbers that agree with each other", async () => {
    await open("explain.html");
    for (let i = 0; i < 5; i++) await page.click("#next");
    const rows = await page.$$eval("#panel tbody tr", (all) =>
      all.map((row) => [...row.querySelectorAll("td")].map((cell) => Number(cell.textContent))),
    );
    const [direct, future, total, slope, through] = rows;
    for (const i of [0, 1, 2]) {
      expect(total[i]).toBeCloseTo((direct[i] ?? NaN) + (future[i] ?? NaN), 2);
      expect(through[i]).toBeCloseTo((total[i] ?? NaN) * (slope[i] ?? NaN), 2);
    }
  });

  it("lets truncation cost something, and learning lower the loss", async () => {
    await open("explain.html");
    const difference = async (): Promise<number> =>
      Number((await page.textContent("#truncation-line"))?.split("difference ")[1]);
    expect(await difference()).toBeLessThan(1e-5);
    await page.fill("#back", "1");
    expect(await difference()).toBeGreaterThan(0.01);
    const loss = async (): Promise<number> =>
      Number(/[\d.]+/.exec((await page.textContent("#total-loss")) ?? "")?.[0]);
    const before = await loss();
    for (let i = 0; i < 20; i++) await page.click("#learn");
    expect(await loss()).toBeLessThan(before / 2);
    await page.fill("#word", "ab");
    expect(await page.textContent("#panel h2")).toContain("Step 1");
    await page.fill("#word", "banana");
    expect(await page.locator("#diagram .letter").count()).toBe(5);
  });
});
