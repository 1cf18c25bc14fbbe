import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readSafetensors } from "../../src/formats/safetensors-file.js";
import { root } from "./installed-package.js";

const folder = join(root, "examples");
const programs = readdirSync(folder).filter((name) => existsSync(join(folder, name, "main.ts")));

/** Runs an example on the built package, for so many updates or epochs, and returns what it prints. */
function run(name: string, updates: number, ...more: string[]): string {
  const words = ["--import", "tsx", join("examples", name, "main.ts"), String(updates), ...more];
  const printed = execFileSync(process.execPath, words, { cwd: root, encoding: "utf8" });
  expect(printed).not.toMatch(/NaN|undefined/);
  return printed;
}

/** Returns the numbers that stand where the pattern has its group. */
function numbers(printed: string, pattern: RegExp): number[] {
  const found = [...printed.matchAll(pattern)].map((match) => Number(match[1]));
  expect(found, printed).not.toEqual([]);
  return found;
}

describe("the examples", () => {
  it("are told of, with the commands that run them", () => {
    expect(programs).toEqual(["ctc", "episodes", "from-pytorch", "logging", "surnames"]);
    const readme = readFileSync(join(folder, "README.md"), "utf8");
    for (const name of programs) expect(readme).toContain(`npx tsx examples/${name}/main.ts`);
  });

  it.each(programs)("%s is short enough to be read from top to bottom", (name) => {
    expect(readFileSync(join(folder, name, "main.ts"), "utf8").split("\n").length).toBeLessThanOrEqual(80);
  });
});

// Bounds lie about half-way between what each program measures (in either build) and what it would without learning.
describe("an example learns", () => {
  it("to read lines of digits: 5 % of them are wrong after 600 updates, all at first", () => {
    const printed = run("ctc", 600);
    const errors = numbers(printed, /, (\d+\.\d) % of the digits/g);
    expect(errors[0]).toBeGreaterThan(90);
    expect(errors.at(-1)).toBeLessThan(30);
    // The first lines are read without more errors than that either, along both ways.
    for (const way of ["best path", "beam of 16"]) {
      const lines = [...printed.matchAll(new RegExp(`written (\\d+): .*${way} (\\d*)`, "g"))];
      const right = lines.filter(([, written, read]) => written === read);
      // Four to seven of ten, by the build.
      expect(right.length, way).toBeGreaterThan(lines.length / 5);
    }
  });

  it("to tell languages: 70 % of names after two epochs; a third are Italian", () => {
    const printed = run("surnames", 2);
    const shares = (row: string): number[] => {
      const line = printed.split("\n").find((text) => text.includes(`│ ${row} `)) ?? "";
      return numbers(line, /(\d+\.\d) %/g);
    };
    const [alike, between] = shares("accuracy");
    expect(Math.min(alike, between)).toBeGreaterThan(50);
    // Of the rarest language's names weights find a third, and learning without them none.
    const [rare, , balanced] = shares("pt");
    expect(balanced).toBeGreaterThan(rare + 10);
    expect(printed).toMatch(/Lewandowska: pl/);
  });

  it("to remember: 99 % of walks end well with resets and 82 % without", () => {
    const printed = run("episodes", 200);
    const last = (kind: string): number =>
      numbers(printed, new RegExp(`^${kind} resets, .* (\\d+\\.\\d) %`, "gm")).at(-1) ?? NaN;
    expect(last("with")).toBeGreaterThan(95);
    expect(last("without")).toBeLessThan(90);
  });
});

describe("an example exchanges", () => {
  const target = mkdtempSync(join(tmpdir(), "bptt-from-pytorch-"));
  afterAll(() => {
    rmSync(target, { recursive: true });
  });

  it("a model with PyTorch: 358 of 400 gestures, of which it told 249, and all but the head bit for bit", () => {
    const printed = run("from-pytorch", 100, target);
    const [before, after] = numbers(printed, /: (\d+) of 400/g);
    expect(after).toBeGreaterThan(before + 60);
    const [was, is] = [
      join(folder, "from-pytorch", "model.safetensors"),
      join(target, "personal.safetensors"),
    ].map((path) => readSafetensors(readFileSync(path)).tensors);
    expect([...is.keys()].sort()).toEqual([...was.keys()].sort());
    for (const [name, { dtype, shape, data }] of is) {
      expect(was.get(name)).toMatchObject({ dtype, shape });
      expect(Buffer.compare(data, was.get(name)?.data ?? Buffer.of()) === 0, name).toBe(
        name.startsWith("gru."),
      );
    }
    const gestures = readSafetensors(readFileSync(join(target, "gestures.safetensors"))).tensors;
    expect(gestures.get("moves")?.shape).toEqual([400, 24, 2]);
  });
});

/** CRC-32C by its definition: the remainder of bits, the least first, by the polynomial 0x1edc6f41. */
function checksum(bytes: Uint8Array): number {
  const reversed = 0x82f63b78n;
  let crc = 0xffffffffn;
  for (const byte of bytes)
    for (let bit = 0; bit < 8; bit++) {
      const out = (crc ^ BigInt(byte >> bit)) & 1n;
      crc = (crc >> 1n) ^ (out * reversed);
    }
  return Number(crc ^ 0xffffffffn);
}

/** As TensorFlow masks it: rotated right by 15 bits, plus a constant. */
function masked(bytes: Uint8Array): number {
  const crc = BigInt(checksum(bytes));
  return Number((((crc >> 15n) | (crc << 17n)) + 0xa282ead8n) & 0xffffffffn);
}

/** The records of a TFRecord file. */
function* records(file: Buffer): Generator<Buffer> {
  for (let at = 0; at < file.length;) {
    const length = Number(file.readBigUInt64LE(at));
    expect(file.readUInt32LE(at + 8)).toBe(masked(file.subarray(at, at + 8)));
    const bytes = file.subarray(at + 12, at + 12 + length);
    expect(file.readUInt32LE(at + 12 + length)).toBe(masked(bytes));
    yield bytes;
    at += 16 + length;
  }
}

/** The fields of a message in protocol buffers: numbers, and bytes. */
function* fields(bytes: Buffer): Generator<[field: number, value: number | Buffer]> {
  let at = 0;
  const varint = (): number => {
    let [value, scale] = [0, 1];
    for (; bytes[at] >= 128; scale *= 128) value += (bytes[at++] - 128) * scale;
    return value + bytes[at++] * scale;
  };
  while (at < bytes.length) {
    const key = varint();
    const [field, kind] = [key >> 3, key & 7];
    const length = kind === 1 ? 8 : kind === 5 ? 4 : kind === 2 ? varint() : 0;
    if (kind === 0) yield [field, varint()];
    else if (kind === 1) yield [field, bytes.readDoubleLE(at)];
    else if (kind === 5) yield [field, bytes.readFloatLE(at)];
    else yield [field, bytes.subarray(at, at + length)];
    at += length;
  }
}

function required(bytes: Buffer, wanted: number): number | Buffer {
  for (const [field, value] of fields(bytes)) if (field === wanted) return value;
  throw new Error(`there is no field ${wanted}`);
}

describe("an example logs", () => {
  const target = mkdtempSync(join(tmpdir(), "bptt-logging-"));
  afterAll(() => {
    rmSync(target, { recursive: true });
  });
  const read = (name: string): Buffer => readFileSync(join(target, name));

  it("the same numbers in three files", () => {
    expect(checksum(Buffer.from("123456789"))).toBe(0xe3069283);
    const printed = run("logging", 200, target);
    const heldOut = numbers(printed, /held out (\d\.\d+)/g);
    expect(heldOut).toHaveLength(10);
    expect(heldOut[9]).toBeLessThan(heldOut[0]);

    const lines = read("log.jsonl").toString().trimEnd().split("\n");
    const events = lines.map((line) => JSON.parse(line) as Record<string, number | boolean | undefined>);
    const updates = events.filter(({ epochEnd }) => epochEnd === false);
    expect(updates.map(({ step }) => step)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
    expect(events.length).toBeGreaterThan(updates.length);

    const [head, ...rows] = read("log.csv").toString().trimEnd().split("\n");
    const names = head.split(",");
    for (const [i, row] of rows.entries())
      expect(row.split(",")).toEqual(names.map((name) => String(updates[i][name] ?? "")));
    expect(rows).toHaveLength(200);

    const [first, ...scalars] = records(read("events.out.tfevents.bptt"));
    expect(String(required(first, 3))).toBe("brain.Event:2");
    const shown = scalars.flatMap((event) => {
      const values = [...fields(required(event, 5) as Buffer)].map(([, value]) => value as Buffer);
      expect(Math.abs(Number(required(event, 1)) - Date.now() / 1000)).toBeLessThan(3600);
      return values.map((value) => [required(event, 2), String(required(value, 1)), required(value, 2)]);
    });
    const tags = ["loss", "gradientNorm", "learningRate", "validationLoss"];
    const expected = updates.flatMap((event) =>
      tags.filter((tag) => tag in event).map((tag) => [event["step"], tag, Math.fround(Number(event[tag]))]),
    );
    expect(shown).toEqual(expected);
  });
});
