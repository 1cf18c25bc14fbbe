/** Chromium as a person uses it: clicks, keys, files, screenshots. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Browser, type Page } from "playwright-core";
import { output } from "./project.js";

const flags = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
  ...["--disable-background-networking", "--disable-component-update"],
];

/** Debian's (scripts/install-browsers.sh). */
export async function launchChromium(more: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: "/usr/bin/chromium", args: [...flags, ...more] });
}

/** Kept with what else CI leaves: build/engines/screenshots. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  const folder = join(output, "screenshots");
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
