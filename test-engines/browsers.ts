/** Real browsers, as Debian installs them (scripts/install-browsers.sh), without windows, each with a new profile. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child } from "./children.js";

export interface Browser {
  readonly name: string;
  /** Debian's package. */
  readonly from: string;
  /** Builds of the kernels that it runs. */
  readonly builds: readonly string[];
  /** Whether an isolated page of it has memory that threads share. */
  readonly threads: boolean;
  readonly version: () => string;
  /** The command that opens a page; `profile`: an empty folder. */
  readonly command: (url: string, profile: string) => readonly string[];
}

const both = ["simd", "relaxed-simd"];

function versionIn(command: string): string {
  const printed = execFileSync(command, ["--version"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const version = /\d+(\.\d+)+/.exec(printed)?.[0];
  if (version === undefined) throw new Error(`${command} --version printed no version: ${printed}`);
  return version;
}

/** Where Debian puts WebKitGTK's own small browser, which is not on the path. */
function miniBrowser(): string {
  const libraries = readdirSync("/usr/lib").flatMap((machine) =>
    ["webkit2gtk-4.1", "webkit2gtk-4.0"].map((version) => join("/usr/lib", machine, version, "MiniBrowser")),
  );
  return libraries.find((path) => existsSync(path)) ?? "MiniBrowser";
}

/** The driver's, which is the library's: MiniBrowser says none without a display. */
function debianVersion(): string {
  const printed = execFileSync("dpkg-query", ["-W", "-f=${Version}", "webkit2gtk-driver"], {
    encoding: "utf8",
  });
  return printed.replace(/-.*/, "");
}

/** Firefox asks and fetches nothing. */
const firefoxPreferences = [
  ["app.normandy.enabled", false],
  ["app.update.enabled", false],
  ["browser.aboutwelcome.enabled", false],
  ["browser.shell.checkDefaultBrowser", false],
  ["datareporting.policy.dataSubmissionEnabled", false],
  ["extensions.update.enabled", false],
  ["network.captive-portal-service.enabled", false],
  ["network.connectivity-service.enabled", false],
  ["toolkit.telemetry.reportingpolicy.firstRun", false],
] as const;

export const browsers: readonly Browser[] = [
  {
    name: "Chromium",
    from: "chromium",
    builds: both,
    threads: true,
    version: () => versionIn("chromium"),
    command: (url, profile) => [
      "chromium",
      ...[
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-sync",
      ],
      ...["--disable-background-networking", "--disable-component-update", `--user-data-dir=${profile}`],
      url,
    ],
  },
  {
    name: "Firefox ESR",
    from: "firefox-esr",
    builds: both,
    threads: true,
    version: () => versionIn("firefox-esr"),
    command: (url, profile) => {
      const lines = firefoxPreferences.map(([name, value]) => `user_pref("${name}", ${String(value)});`);
      writeFileSync(join(profile, "user.js"), `${lines.join("\n")}\n`);
      return ["firefox-esr", "--headless", "--no-remote", "--profile", profile, url];
    },
  },
  {
    name: "WebKitGTK",
    from: "webkit2gtk-driver",
    builds: ["simd"],
    threads: false,
    version: debianVersion,
    command: (url) => ["xvfb-run", "-a", miniBrowser(), "--private", url],
  },
];

/** An open page; `close` ends the browser with all its processes. */
export class Page {
  private readonly profile = mkdtempSync(join(tmpdir(), "bptt-browser-"));
  private readonly child: Child;
  /** Rejects, with a reason, when the browser cannot be started or ends by itself. */
  readonly ended: Promise<never>;

  constructor(browser: Browser, url: string) {
    const [command, ...words] = browser.command(url, this.profile);
    const env = { ...process.env, HOME: this.profile, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1" };
    this.child = new Child(command, words, { env });
    this.ended = this.child.untilEnd(
      browser.name,
      `is Debian's package ${browser.from} installed (scripts/install-browsers.sh)?`,
    );
    // Nobody may be waiting any more.
    this.ended.catch(() => undefined);
  }

  /** What `work` comes to, within so many milliseconds and while the browser runs. */
  async within<Value>(milliseconds: number, work: Promise<Value>): Promise<Value> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(
          new Error(`no answer from the page in ${milliseconds} ms; it printed:\n${this.child.printed}`),
        );
      }, milliseconds);
    });
    try {
      return await Promise.race([work, late, this.ended]);
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.child.stop();
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
