import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packFiles, unpack } from "../../../../lib/workbench/fleet/pack.ts";
import { loadFile } from "../../../../lib/workbench/sweep/load-file.ts";
import { temporaryDirectory } from "../../../support/processes/vortex.ts";

const FILES = {
  "program.ts": `import { help } from "./help/help.ts";
    import type { Node } from "vortex";
    import { defineNemesis } from "vortex/workload";
    export default function program(node: Node): string { return help() + typeof defineNemesis; }
    const other = 7;
    export { other as "some name", program };`,
  "help/help.ts": `export const help = (): string => "helped ";`,
  "bank.ts": `export { help as bank } from "./help/help.ts";`,
};

/** Writes the files into a new directory, and packs two of them. */
async function pack() {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, "help"));
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(directory, name), text);
  const files = ["program.ts", "bank.ts"].map((name) => join(directory, name));
  for (const file of files) await loadFile(file, { limitS: 10, onPrinted: () => {} });
  return packFiles(files, [join(directory, "help/help.ts")]);
}

describe("A pack", () => {
  test("is the same for the same sources, in any directory", async () => {
    const [one, other] = [await pack(), await pack()];
    expect(one.hash).toBe(other.hash);
    expect(one.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  test("has every export under its name, and shares what two files import", async () => {
    const { bytes, paths } = await pack();
    const directory = temporaryDirectory();
    expect(unpack(bytes, directory).toSorted()).toEqual(["0/program.js", "1/bank.js", "bundle.js"]);
    expect([...paths.values()]).toEqual(["0/program.js", "1/bank.js"]);
    const program = await import(join(directory, "0/program.js"));
    expect(Object.keys(program).toSorted()).toEqual(["default", "program", "some name"]);
    expect(program["some name"]).toBe(7);
    const bank = await import(join(directory, "1/bank.js"));
    expect(bank.bank()).toBe("helped ");
  });

  test.each([
    { version: 1, files: { "../x.js": "" } },
    { version: 1, files: { "/x.js": "" } },
    { version: 1, files: { "0/../../x.js": "" } },
    { version: 1, files: { "x.sh": "" } },
    { version: 2, files: {} },
  ])("is not unpacked outside of its directory: %p", (content) => {
    const bytes = new TextEncoder().encode(JSON.stringify(content));
    expect(() => unpack(bytes, temporaryDirectory())).toThrow();
  });

  test("names an import that does not exist", async () => {
    const file = join(temporaryDirectory(), "program.ts");
    writeFileSync(file, `export const load = () => import("./none.ts");`);
    await expect(packFiles([file], [])).rejects.toThrow(/Cannot bundle .*program\.ts.*none/);
  });
});
