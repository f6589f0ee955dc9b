import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { catalogOf } from "../../../../lib/workbench/sweep/assertion-catalog.ts";
import { temporaryDirectory } from "../../../support/processes/vortex.ts";

function catalogOfSource(source: string, name = "program.ts") {
  const file = join(temporaryDirectory(), name);
  writeFileSync(file, source);
  return catalogOf([file]);
}

describe("catalogOf", () => {
  test("lists the names of assertions that no run may come to", () => {
    const source = `
      export function program(this: any, node: Node): void {
        node.sometimes(f(1, "no", [")", /"/]) as boolean, "a name, \\"quoted\\" (1)");
        if (never) this.node.always(\`\${x}\` !== "", 'single', { a: 1 });
        peers.forEach((peer) => node
          // node.sometimes(true, "in a comment");
          .sometimes(peer.isBack, \`template\`));
        node.log('node.sometimes(true, "in a string")');
        promise.always(() => {});
        node.sometimes(true, computed + "name");
        node.sometimes(true, \`\${computed}\`);
      }
      type Node = { sometimes(condition: boolean, name: "in a type"): void };
    `;
    expect(catalogOfSource(source)).toEqual({
      sometimes: ['a name, "quoted" (1)', "template"],
      always: ["single"],
    });
  });

  test("reads JavaScript and TSX", () => {
    const call = 'export const f = (node) => node.sometimes(true, "a");';
    expect(catalogOfSource(call, "program.mjs").sometimes).toEqual(["a"]);
    expect(catalogOfSource(`${call} const g = <T,>(x: T) => x;`, "program.tsx").sometimes).toEqual([
      "a",
    ]);
  });

  test("leaves out files that it cannot read", () => {
    const sources = [
      ["node.sometimes(true, (", "broken.ts"],
      ['node.sometimes(true, "a")', "program.wasm"],
    ] as const;
    for (const [source, name] of sources) {
      expect(catalogOfSource(source, name)).toEqual({ sometimes: [], always: [] });
    }
    expect(catalogOf(["/does/not/exist.ts"])).toEqual({ sometimes: [], always: [] });
  });
});
