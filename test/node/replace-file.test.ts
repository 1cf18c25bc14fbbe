import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { rename } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { replaceFile, requireReplaceable } from "../../src/node/replace-file.js";
import { temporaryPath } from "../../src/node/temporary-file.js";

const bytes = Uint8Array.of(1, 2, 3);
let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "bptt-replace-")));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const path = (name: string): string => join(folder, name);
const read = (name: string): number[] => [...readFileSync(path(name))];
const longest = "x".repeat(255);

describe("replaceFile", () => {
  it("writes a new file and leaves no other", async () => {
    await replaceFile(path("new"), bytes);
    expect(read("new")).toEqual([1, 2, 3]);
    expect(readdirSync(folder)).toEqual(["new"]);
  });

  it("takes the longest name that the system takes", async () => {
    await requireReplaceable(path(longest));
    await replaceFile(path(longest), bytes);
    expect(readdirSync(folder)).toEqual([longest]);
  });

  // Windows has neither modes nor, without privileges, links.
  describe.skipIf(process.platform === "win32")("on a system with modes and links", () => {
    it.each([0o600, 0o640, 0o755, 0o666])("keeps the mode %o", async (mode) => {
      writeFileSync(path("old"), "old");
      chmodSync(path("old"), mode);
      await replaceFile(path("old"), bytes);
      expect(statSync(path("old")).mode & 0o777).toBe(mode);
      expect(read("old")).toEqual([1, 2, 3]);
    });

    it("gives a new file the mode that files have", async () => {
      await replaceFile(path("new"), bytes);
      writeFileSync(path("other"), "");
      expect(statSync(path("new")).mode).toBe(statSync(path("other")).mode);
    });

    it.each([
      ["a link", ["target"], "target"],
      ["a link into another folder", ["there/target"], "there/target"],
      ["a link to a link", ["there/second", "../third", "there/target"], "there/target"],
      ["an absolute link", ["/there/target"], "there/target"],
    ])("writes what %s leads to, there or not", async (_, links, target) => {
      for (const there of [false, true]) {
        rmSync(folder, { recursive: true });
        mkdirSync(path("there"), { recursive: true });
        let from = "link";
        for (const to of links) {
          symlinkSync(to.startsWith("/") ? path(to.slice(1)) : to, path(from));
          from = to.startsWith("..") ? to.slice(3) : to;
        }
        if (there) writeFileSync(path(target), "old");
        await requireReplaceable(path("link"));
        await replaceFile(path("link"), bytes);
        expect(lstatSync(path("link")).isSymbolicLink()).toBe(true);
        expect(read(target)).toEqual([1, 2, 3]);
      }
    });

    it("refuses links that lead in a circle", async () => {
      symlinkSync("b", path("a"));
      symlinkSync("a", path("b"));
      await expect(replaceFile(path("a"), bytes)).rejects.toMatchObject({ code: "ELOOP" });
    });
  });

  it.each([
    ["a folder that is not there", () => path("nowhere/file"), "ENOENT"],
    ["a folder", () => folder, "EISDIR"],
    ["a name that is too long", () => path(`${longest}x`), "ENAMETOOLONG"],
    ["a file in a file", () => (writeFileSync(path("file"), ""), path("file/file")), "ENOTDIR"],
  ])("refuses %s, now and before", async (_, where, code) => {
    for (const call of [replaceFile, requireReplaceable])
      await expect(call(where(), bytes)).rejects.toMatchObject({ code });
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  // Elsewhere there is no such limit to be set.
  it.skipIf(process.platform !== "linux")(
    "leaves the old file as it was where there is no room for the new one",
    () => {
      const script = `
      import { replaceFile } from ${JSON.stringify(join(import.meta.dirname, "../../src/node/replace-file.ts"))};
      await replaceFile(process.argv[1], new Uint8Array(1 << 20)).catch((error) => console.log(error.code));`;
      writeFileSync(path("old"), bytes);
      // A limit of the system's on the size of files.
      const node = `ulimit -f 100; trap "" XFSZ; exec "$0" --import tsx --input-type=module -e "$1" "$2"`;
      const { stdout } = spawnSync("bash", ["-c", node, process.execPath, script, path("old")], {
        encoding: "utf8",
      });
      expect(stdout).toBe("EFBIG\n");
      expect(read("old")).toEqual([1, 2, 3]);
      expect(readdirSync(folder)).toEqual(["old"]);
    },
  );
});

describe("temporary files", () => {
  it("of processes that are gone are cleared away, others never", async () => {
    const gone = spawn(process.execPath, ["-e", ""]);
    await once(gone, "exit");
    const of = (pid: number | undefined): string =>
      temporaryPath(folder).replace(`-${process.pid}-`, `-${pid ?? 0}-`);
    const [left, running, other] = [of(gone.pid), of(process.ppid), path(".bptt-00000000-1-00000000.tmp")];
    for (const file of [left, running, other, path("mine.tmp")]) writeFileSync(file, "");
    await replaceFile(path("new"), bytes);
    const names = [running, other, path("mine.tmp"), path("new")].map((file) =>
      file.slice(folder.length + 1),
    );
    expect(readdirSync(folder).sort()).toEqual(names.sort());
  });

  it("have a name of their own each, of the same length whatever the file's", () => {
    const paths = Array.from({ length: 100 }, () => temporaryPath(folder));
    expect(new Set(paths).size).toBe(100);
    for (const one of paths) expect(one.length - folder.length).toBeLessThan(40);
  });

  it("are beside the file, so that renaming moves nothing", async () => {
    writeFileSync(temporaryPath(folder), "x");
    await rename(path(readdirSync(folder)[0]), path("moved"));
    expect(readdirSync(folder)).toEqual(["moved"]);
  });
});
