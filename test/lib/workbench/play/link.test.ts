import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  decodeLink,
  encodeLink,
  isLink,
  type Shared,
} from "../../../../lib/workbench/play/link.ts";

const fileName = fc
  .array(fc.stringMatching(/^[a-z0-9_-][\w. -]{0,12}$/), { minLength: 1, maxLength: 3 })
  .map((parts) => `${parts.join("/")}.ts`);
const files = fc.uniqueArray(
  fc.record({ name: fileName, source: fc.string({ unit: "binary", maxLength: 400 }) }),
  { minLength: 1, maxLength: 5, selector: ({ name }) => name },
);
const shared: fc.Arbitrary<Shared> = fc.record(
  {
    files,
    exportName: fc.string(),
    flags: fc.array(fc.string()),
    args: fc.array(fc.string()),
    decisions: fc.constant({ version: 1 as const, main: { lengthNs: 5, operations: [] } }),
  },
  { requiredKeys: ["files", "flags"] },
);

/** The fragment of what a link might hold. */
async function fragmentOf(content: unknown): Promise<string> {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  return `play=${bytes.toBase64({ alphabet: "base64url", omitPadding: true })}`;
}

const valid = { version: 1, files: [{ name: "a.ts", source: "" }], flags: [] };

describe("A link", () => {
  test("gives back what it was made of, whatever the characters", async () => {
    await fc.assert(
      fc.asyncProperty(shared, async (given) => {
        const fragment = await encodeLink(given);
        expect(fragment).toMatch(/^play=[\w-]+$/);
        expect(await decodeLink(`#${fragment}`)).toEqual(given);
      }),
    );
  });

  test("keeps unpaired surrogates and keys that objects inherit", async () => {
    const given = { files: [{ name: "__proto__", source: "\ud800" }], flags: ["constructor"] };
    expect(await decodeLink(await encodeLink(given))).toEqual(given);
  });

  test("is recognised by its start", () => {
    expect([isLink("#play=x"), isLink("play=x"), isLink("#verdict"), isLink("")]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  test.each([
    ["another fragment", "verdict", "It does not start with"],
    ["one that is cut", "play=AAAA", "It is cut short, or was changed"],
    ["one that is not base64", "play=***", "It is cut short, or was changed"],
    ["one that is too long", `play=${"A".repeat(2_000_000)}`, "It is too long"],
  ])("that is %s is refused", async (_, fragment, reason) => {
    await expect(decodeLink(fragment)).rejects.toThrow(reason);
  });

  test("that grows beyond its bound when decompressed is refused", async () => {
    const bomb = await fragmentOf({ ...valid, files: [{ name: "a", source: "x".repeat(9e6) }] });
    expect(bomb.length).toBeLessThan(20_000);
    await expect(decodeLink(bomb)).rejects.toThrow("It holds more than 8000000 bytes");
  });

  test.each([
    ["no JSON", "{", "It is cut short"],
    ["another version", { ...valid, version: 2 }, "version"],
    ["no files", { ...valid, files: [] }, "files"],
    ["files of one name", { ...valid, files: [valid.files[0], valid.files[0]] }, "different names"],
    ["a path to a parent", { ...valid, files: [{ name: "../a.ts", source: "" }] }, "relative path"],
    ["an absolute path", { ...valid, files: [{ name: "/a.ts", source: "" }] }, "relative path"],
    ["a line end in a name", { ...valid, files: [{ name: "a\nb", source: "" }] }, "relative path"],
    ["unknown fields", { ...valid, script: "x" }, "script"],
    ["wrong decisions", { ...valid, decisions: { version: 1, main: 7 } }, "decisions"],
  ])("with %s is refused", async (_, content, reason) => {
    await expect(decodeLink(await fragmentOf(content))).rejects.toThrow(reason);
  });

  test("that could not be opened again is not made", async () => {
    const tooMany = Array.from({ length: 101 }, (_, index) => ({ name: `${index}`, source: "" }));
    await expect(encodeLink({ files: tooMany, flags: [] })).rejects.toThrow("files");
  });
});
