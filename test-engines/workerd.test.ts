import { expect, it } from "vitest";
import { expectSmoke, keepRow } from "./outcome.js";
import { freePort } from "./ports.js";
import { Project } from "./project.js";
import { versions } from "./versions.js";

const both = ["simd", "relaxed-simd"];

it("Cloudflare's workerd runs the package, as wrangler bundles it", async () => {
  const project = new Project({
    "wrangler.json": JSON.stringify({
      name: "smoke",
      main: "worker.js",
      compatibility_date: "2026-01-01",
      send_metrics: false,
    }),
  });
  // wrangler wants a newer Node than the oldest that the tests run on.
  project.install(`wrangler@${versions.wrangler}`, `node@${versions.node24}`);
  const port = await freePort();
  const words = ["node_modules/wrangler/bin/wrangler.js", "dev", "--ip", "127.0.0.1", "--port", String(port)];
  const server = project.start(
    project.executable("node"),
    [...words, "--show-interactive-dev-session=false"],
    [`${project.folder}/node_modules/.bin`],
  );
  try {
    const response = await server.fetch(`http://127.0.0.1:${port}/`);
    const answer = (await response.json()) as { error?: string; result?: unknown };
    expect(answer.error).toBeUndefined();
    expectSmoke(answer.result, both);
  } finally {
    server.stop();
  }
  const { version } = project.manifest("workerd");
  keepRow({
    kind: "runtime",
    engine: "workerd",
    version,
    builds: both,
    how: `\`import\`, wrangler ${versions.wrangler}`,
  });
});
