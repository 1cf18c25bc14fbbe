import { afterAll, describe, expect, it } from "vitest";
import { writeFileSync } from "node:fs";
import { Workplace } from "./program.js";

const place = new Workplace();
afterAll(() => {
  place.dispose();
});

/** Months of a season on a rising line. */
function months(first: number, count: number): string {
  const rows = Array.from({ length: count }, (_, i) => {
    const t = first + i;
    const date = `${2000 + Math.floor(t / 12)}-${String((t % 12) + 1).padStart(2, "0")}-01`;
    return `${date},${(10 + 0.1 * t + 3 * Math.sin((t * Math.PI) / 6)).toFixed(3)}\n`;
  });
  return `month,sales\n${rows.join("")}`;
}

function run(...words: string[]): { code: number | null; out: string; err: string } {
  return place.run(words);
}

describe("a model of bptt forecast", () => {
  writeFileSync(place.path("sales.csv"), months(0, 120));
  writeFileSync(place.path("later.csv"), months(60, 90));
  const words = ["--target", "sales", "--horizon", "6", "--hidden", "4", "--epochs", "2", "--json"];
  const { code } = run("forecast", "sales.csv", ...words);

  it("is measured by bptt evaluate", () => {
    expect(code).toBe(0);
    const { out } = run("evaluate", "sales.safetensors", "later.csv", "--json");
    expect(JSON.parse(out)).toMatchObject({ kind: "forecaster", target: "sales" });
    expect(run("evaluate", "sales.safetensors", "later.csv").out).toMatch(/forecasts of sales\n.*RMSE/);
  });

  it("forecasts by bptt predict", () => {
    const { out } = run("predict", "sales.safetensors", "later.csv", "--json");
    expect(JSON.parse(out)).toMatchObject({ target: "sales", model: "sales.safetensors", data: "later.csv" });
    expect(run("predict", "sales.safetensors", "later.csv").out.match(/^2012-\d\d /gm)).toHaveLength(6);
  });

  it("writes no text", () => {
    const { code, err } = run("sample", "sales.safetensors");
    expect(code).toBe(2);
    expect(err).toMatch(/^bptt: sales.safetensors is no model of bptt train: .*\n$/);
  });
});
