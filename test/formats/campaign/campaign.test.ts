import { expect, it } from "vitest";
import { FormatError } from "../../../src/errors.js";
import { hostileFiles } from "./hostile-files.js";
import { mostBytes, newCampaign, readChanged, readOne } from "./campaign.js";
import { measure } from "./measure.js";
import { readers, type Reader } from "./readers.js";

const FILES = 20_000;

// `npm run test:files -- 1000000` is the whole campaign, which reads the hostile files too.
it(`reads changed files or refuses them as it says, all ${FILES}, in no more memory than it may take`, () => {
  const { counts, faults } = readChanged(FILES, 1);
  expect(faults.map(({ reader, file, what }) => `${reader}, file ${file}: ${what}`)).toEqual([]);
  expect([...counts.keys()]).toEqual(readers);
  for (const [{ name, least, share }, { files, read, refused, allocated, capped }] of counts) {
    expect(read + refused, name).toBe(files);
    expect(files, name).toBe((FILES / 20) * share);
    // Enough of each for the test to mean something.
    expect(read / files, name).toBeGreaterThan(least.read);
    expect(refused / files, name).toBeGreaterThan(least.refused);
    // Small files, whose refusals are nowhere near what would need a process of their own.
    expect(allocated, name).toBeGreaterThan(0);
    expect(capped, name).toBe(0);
  }
});

/** minGRU's two files. */
const SCANS = 2;
/** State dicts that need an option, which may be another than the file's sum chooses. */
const UNDECIDED = 2;

it("takes the files that it changes as they are, but for a Scan", () => {
  for (const { name, files, read, refuses } of readers) {
    const errors = files.map(
      (file) =>
        measure(() => {
          read(file);
        }).error,
    );
    const refused = errors.filter((error) => error !== undefined);
    expect(
      refused.filter((error) => !refuses(error)),
      name,
    ).toEqual([]);
    expect(refused.length, name).toBe(name === "fromOnnx" ? SCANS : name === "fromPyTorch" ? UNDECIDED : 0);
  }
});

// Those that take a process of their own are the command's.
it.each(hostileFiles.filter(({ name }) => !/,000|99,999|16 MB|32 MB/.test(name)))(
  "refuses $reader.name: $name",
  ({ reader, make }) => {
    const file = make();
    const { error, bytes } = measure(() => {
      reader.read(file);
    });
    expect(reader.refuses(error), String(error)).toBe(true);
    expect(bytes).toBeLessThan(mostBytes(file));
  },
);

const refusal = new FormatError("no");

it.each<[string, (file: Uint8Array) => void, RegExp | undefined]>([
  ["reads", () => undefined, undefined],
  ["refuses", () => fail(refusal), undefined],
  ["throws another error", () => fail(new TypeError("oh")), /^TypeError: oh/],
  ["throws what is no error", () => fail("oh"), /^it threw what is no error$/],
  ["writes to the file", (file) => file.fill(1), /^it was written to$/],
  // The process with the capped heap knows no such reader, and does not end well.
  ["takes much", () => fail(refusal, 2 ** 26), /^it was refused for more than 33554434 bytes of memory$/],
])("counts a reader that %s", (name, read, fault) => {
  const reader: Reader = {
    ...readers[0],
    name,
    read,
    refuses: (error) => error === refusal,
  };
  const campaign = newCampaign([reader]);
  readOne(campaign, reader, "7", Uint8Array.of(0));
  const found = campaign.faults.map(({ what }) => what);
  expect(found).toEqual(fault === undefined ? [] : [expect.stringMatching(fault)]);
  expect(campaign.faults.every(({ bytes }) => bytes.join() === "0")).toBe(true);
  expect(campaign.counts.get(reader)).toMatchObject({ files: 1 });
});

/** Throws, having taken so many bytes. */
function fail(error: unknown, bytes = 0): never {
  if (new Uint8Array(bytes).length === bytes) throw error;
  throw new Error("there was no room");
}
