import { expect, it } from "vitest";
import { browsers } from "./browsers.js";
import { Host } from "./host.js";
import { expectSmoke, keepRow, type Smoke } from "./outcome.js";
import { freePort } from "./ports.js";
import { Project } from "./project.js";
import { versions } from "./versions.js";
import { openPage } from "./visit.js";

const both = ["simd", "relaxed-simd"];

const layout = `
export default function Layout({ children }) {
  return <html><body>{children}</body></html>;
}
`;

const page = `
import { Training } from "./training.jsx";
export default function Page() {
  return <Training />;
}
`;

/** A component of the browser's; Next runs its module on the server as well. */
const client = `
"use client";
import * as bptt from "bptt";
import { useEffect } from "react";
import { smoke } from "../smoke.js";

export function Training() {
  useEffect(() => {
    const report = (outcome) => {
      const url = new URLSearchParams(location.search).get("report");
      return fetch(url, { method: "POST", mode: "no-cors", body: JSON.stringify(outcome) });
    };
    smoke(bptt).then((result) => report({ result }), (error) => report({ error: String(error?.stack ?? error) }));
  }, []);
  return <p>{bptt.supportedBuilds().join()}</p>;
}
`;

const route = `
import * as bptt from "bptt";
import { smoke } from "../../smoke.js";

export const dynamic = "force-dynamic";
export async function GET() {
  return Response.json(await smoke(bptt));
}
`;

it("Next builds the package into its server and into a page, and both run it", async () => {
  const [chromium] = browsers;
  const project = new Project({
    "app/layout.jsx": layout,
    "app/page.jsx": page,
    "app/training.jsx": client.trimStart(),
    "app/smoke/route.js": route,
  });
  const packages = (["next", "react", "react-dom"] as const).map((name) => `${name}@${versions[name]}`);
  project.install(...packages);
  const next = project.executable("next");
  project.run(next, ["build"]);
  const port = await freePort();
  const server = project.start(next, ["start", "--hostname", "127.0.0.1", "--port", String(port)]);
  const host = new Host(project.folder);
  try {
    const address = `http://127.0.0.1:${port}`;
    const onServer = (await (await server.fetch(`${address}/smoke`)).json()) as Smoke;
    expectSmoke(onServer, Number(process.versions.node.split(".")[0]) < 22 ? ["simd"] : both);
    const report = `${await host.listen()}result`;
    const url = `${address}/?report=${encodeURIComponent(report)}`;
    expectSmoke(await openPage(chromium, url, host.outcome()), both);
  } finally {
    server.stop();
    host.close();
  }
  expect(project.manifest("next").version).toBe(versions.next);
  keepRow({ kind: "bundler", engine: "Next", version: versions.next, builds: [], how: "server and page" });
});
