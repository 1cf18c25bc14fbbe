import { defineBrowserProvider } from "@vitest/browser";
import type { BrowserProvider, BrowserProviderOption } from "vitest/node";
import { Page, type Browser } from "./browsers.js";

/** Runs vitest's tests in a browser that is started as any program is: the page itself is all that vitest drives. */
export function startedBrowser(browser: Browser): BrowserProviderOption {
  return defineBrowserProvider({ name: "started", providerFactory: () => new StartedBrowser(browser) });
}

class StartedBrowser implements BrowserProvider {
  readonly name = "started";
  readonly supportsParallelism = false;
  readonly initScripts: string[] = [];
  private readonly browser: Browser;
  private page: Page | undefined;

  constructor(browser: Browser) {
    this.browser = browser;
  }

  getCommandsContext(): Record<string, unknown> {
    return {};
  }

  async openPage(_sessionId: string, url: string): Promise<void> {
    this.page = new Page(this.browser, url);
    // vitest waits for the page to report; a browser that ends before is to end the run.
    this.page.ended.catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.page?.close();
    return Promise.resolve();
  }
}
