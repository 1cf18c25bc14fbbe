import { expect } from "vitest";
import { Page, type Browser } from "./browsers.js";
import { Host } from "./host.js";

/** Milliseconds until a page has run 100 updates in each build, with the browser's start. */
const PAGE_TIME = 60_000;

/** What the page of a folder, in a browser, made of its program; `headers`: what all is served with. */
export async function visit(
  browser: Browser,
  folder: string,
  path = "index.html",
  headers: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const host = new Host(folder, headers);
  try {
    const address = await host.listen();
    return await openPage(browser, address + path, host.outcome());
  } finally {
    host.close();
  }
}

/** The same of a page that anybody serves, and that tells its outcome otherwise. */
export async function openPage(browser: Browser, url: string, outcome: Promise<unknown>): Promise<unknown> {
  const page = new Page(browser, url);
  try {
    const answer = (await page.within(PAGE_TIME, outcome)) as { error?: string; result?: unknown };
    expect(answer.error).toBeUndefined();
    return answer.result;
  } finally {
    page.close();
  }
}
