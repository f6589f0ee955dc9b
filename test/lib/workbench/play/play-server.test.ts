import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { PlayServer } from "../../../../lib/workbench/play/server/play-server.ts";
import { collectFiles } from "../../../../lib/workbench/play/server/program-files.ts";
import { temporaryDirectory } from "../../../support/processes/vortex.ts";

setDefaultTimeout(60_000);

const MAIN = 'import { help } from "./parts/help.ts";\nimport "./missing.ts";\nhelp();\n';
const HELP =
  'import * as v from "valibot";\nimport "../../lib/vortex/index.ts";\nexport function help() {}\n';
const ORIGIN = "http://127.0.0.1:8421";

/** A server with a program of two files, and the key to it. */
function serve() {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, "parts"));
  const [main, help] = [join(directory, "main.ts"), join(directory, "parts/help.ts")];
  writeFileSync(main, MAIN, { mode: 0o750 });
  writeFileSync(help, HELP);
  const server = new PlayServer({ path: main, flags: ["-w", "echo"], args: [] });
  const key = new URL(server.address, ORIGIN).searchParams.get("key") ?? "";
  const ask = (init: RequestInit = {}, path = "/program", host = ORIGIN) =>
    server.answer(
      new Request(`${new URL(path, host)}`, {
        ...init,
        headers: { Authorization: `Bearer ${key}`, ...init.headers },
      }),
    );
  const save = (content: unknown) => ask({ method: "PUT", body: JSON.stringify(content) });
  return { directory, main, help, key, ask, save };
}

describe("The server of the playground", () => {
  test("gives the program with what it imports, to a page that has the key", async () => {
    const { ask } = serve();
    expect(await (await ask()).json()).toMatchObject({
      files: [
        { name: "main.ts", source: MAIN },
        { name: "parts/help.ts", source: HELP },
      ],
      flags: ["-w", "echo"],
    });
  });

  test.each([
    ["without the key", { headers: { Authorization: "" } }],
    ["with a part of the key", { headers: { Authorization: "Bearer a" } }],
    ["from another page", { headers: { Origin: "https://example.com" } }],
    ["from a frame of an opaque origin", { headers: { Origin: "null" } }],
    ["from another port of this machine", { headers: { Origin: "http://127.0.0.1:9999" } }],
    ["that a browser marks as foreign", { headers: { "Sec-Fetch-Site": "cross-site" } }],
  ])("refuses a request %s", async (_, init) => {
    const { ask, main } = serve();
    expect((await ask(init)).status).toBe(403);
    const body = JSON.stringify({ files: [{ name: "main.ts", source: "theirs" }] });
    expect((await ask({ ...init, method: "PUT", body })).status).toBe(403);
    expect(readFileSync(main, "utf8")).toBe(MAIN);
  });

  test("refuses another host's name: a page could point it here", async () => {
    const { ask } = serve();
    expect((await ask({}, "/", "http://rebound.example")).status).toBe(403);
    expect((await ask({}, "/program", "http://rebound.example")).status).toBe(403);
  });

  test("answers the page to all, which cannot be framed, and nothing else", async () => {
    const { ask, key } = serve();
    const page = await ask(
      { headers: { "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate" } },
      "/",
    );
    expect(page.headers.get("X-Frame-Options")).toBe("DENY");
    const compressed = new Uint8Array(await page.arrayBuffer());
    expect(new TextDecoder().decode(Bun.gunzipSync(compressed))).not.toContain(key);
    expect((await ask({}, "/main.ts")).status).toBe(404);
    expect((await ask({}, "/../main.ts")).status).toBe(404);
    expect((await ask({ method: "POST" }, "/")).status).toBe(405);
    expect((await ask({ method: "DELETE" })).status).toBe(405);
  });

  test("answers 304 until a file changes", async () => {
    const { ask, help } = serve();
    const { version } = (await (await ask()).json()) as { version: string };
    const headers = { "If-None-Match": `"${version}"` };
    expect((await ask({ headers })).status).toBe(304);
    writeFileSync(help, "export const help = () => {};");
    expect((await ask({ headers })).status).toBe(200);
  });

  test("saves files of the program, and leaves nothing else", async () => {
    const { ask, save, main, directory } = serve();
    const { version } = (await (await ask()).json()) as { version: string };
    const saved = await save({ version, files: [{ name: "main.ts", source: "// new\n" }] });
    expect(saved.status).toBe(200);
    expect(readFileSync(main, "utf8")).toBe("// new\n");
    expect(statSync(main).mode & 0o777).toBe(0o750);
    expect(readdirSync(directory).sort()).toEqual(["main.ts", "parts"]);
    expect(await saved.json()).toEqual({
      version: ((await (await ask()).json()) as { version: string }).version,
    });
  });

  test.each([
    "../other.ts",
    "/etc/passwd",
    "parts/other.ts",
    "parts/../other.ts",
    "./other.ts",
    "other.js",
    ".ts",
    "a\\b.ts",
    "a\0.ts",
    "main.ts/",
    "__proto__",
  ])("does not save %p, which is not a file of the program", async (name) => {
    const { save, directory } = serve();
    const files = [
      { name: "fine.ts", source: "x" },
      { name, source: "x" },
    ];
    expect((await save({ files })).status).toBe(403);
    expect(readdirSync(directory).sort()).toEqual(["main.ts", "parts"]);
  });

  test("saves new files beside the main file, and keeps them before they are imported", async () => {
    const { ask, save, directory } = serve();
    const { version } = (await (await ask()).json()) as { version: string };
    const saved = await save({ version, files: [{ name: "missing.ts", source: "// now here\n" }] });
    expect(saved.status).toBe(200);
    await save({ files: [{ name: "later.ts", source: "// later\n" }] });
    expect(readFileSync(join(directory, "missing.ts"), "utf8")).toBe("// now here\n");
    const { files } = (await (await ask()).json()) as { files: { name: string }[] };
    const names = files.map(({ name }) => name);
    expect(names.toSorted()).toEqual(["later.ts", "main.ts", "missing.ts", "parts/help.ts"]);
    expect(names[0]).toBe("main.ts");
  });

  test("does not save a new file over one that is not of the program", async () => {
    const { save, directory } = serve();
    writeFileSync(join(directory, "other.ts"), "// theirs\n");
    symlinkSync("/etc/hostname", join(directory, "link.ts"));
    for (const name of ["other.ts", "link.ts"]) {
      const saved = await save({ files: [{ name, source: "// mine\n" }] });
      expect(await saved.json()).toEqual({
        text: `${name} cannot be saved: There is such a file already`,
      });
    }
    expect(readFileSync(join(directory, "other.ts"), "utf8")).toBe("// theirs\n");
  });

  test("changes nothing if one of the new files cannot be saved", async () => {
    const { ask, save, main, directory } = serve();
    writeFileSync(join(directory, "theirs.ts"), "// theirs\n");
    const { version } = (await (await ask()).json()) as { version: string };
    const files = ["main.ts", "new.ts", "theirs.ts"].map((name) => ({ name, source: "// mine\n" }));
    expect((await save({ version, files })).status).toBe(500);
    expect(readFileSync(main, "utf8")).toBe(MAIN);
    expect(readdirSync(directory).sort()).toEqual(["main.ts", "parts", "theirs.ts"]);
    const { version: after } = (await (await ask()).json()) as { version: string };
    expect(after).toBe(version);
  });

  test("goes on saving a file that the program imports no longer", async () => {
    const { ask, save, help } = serve();
    const { version } = (await (await ask()).json()) as { version: string };
    const alone = { name: "main.ts", source: "// alone\n" };
    const saved = await save({ version, files: [alone, { name: "parts/help.ts", source: HELP }] });
    const files = [alone, { name: "parts/help.ts", source: "// later\n" }];
    const next = (await saved.json()) as { version: string };
    expect((await save({ ...next, files })).status).toBe(200);
    expect(readFileSync(help, "utf8")).toBe("// later\n");
  });

  test("does not give what is half saved", async () => {
    const { ask, save } = serve();
    const files = [
      { name: "main.ts", source: `// new\n${MAIN}` },
      { name: "parts/help.ts", source: `// new\n${HELP}` },
    ];
    let isSaving = true;
    const saving = save({ files }).finally(() => {
      isSaving = false;
    });
    while (isSaving) {
      const opened = (await (await ask()).json()) as { files: { source: string }[] };
      const saved = opened.files.filter(({ source }) => source.startsWith("// new"));
      expect([0, 2]).toContain(saved.length);
    }
    expect((await saving).status).toBe(200);
  });

  test("deletes files of the program that are beside the main file, and no other", async () => {
    const { save, main, help, directory } = serve();
    writeFileSync(join(directory, "other.ts"), "// theirs\n");
    const files = [{ name: "main.ts", source: MAIN }];
    await save({ files: [{ name: "old.ts", source: "// old\n" }] });
    for (const name of ["main.ts", "parts/help.ts", "other.ts", "../main.ts", "parts"]) {
      expect((await save({ files, deleted: [name] })).status).toBe(403);
    }
    const renamed = [...files, { name: "new.ts", source: "// old\n" }];
    expect((await save({ files: renamed, deleted: ["old.ts"] })).status).toBe(200);
    expect(readdirSync(directory).sort()).toEqual(["main.ts", "new.ts", "other.ts", "parts"]);
    expect([main, help].map((path) => readFileSync(path, "utf8"))).toEqual([MAIN, HELP]);
  });

  test("does not save over a file that has changed since, unless asked to", async () => {
    const { ask, save, main } = serve();
    const { version } = (await (await ask()).json()) as { version: string };
    writeFileSync(main, "// theirs\n");
    const files = [{ name: "main.ts", source: "// mine\n" }];
    expect((await save({ version, files })).status).toBe(409);
    expect(readFileSync(main, "utf8")).toBe("// theirs\n");
    expect((await save({ files })).status).toBe(200);
    expect(readFileSync(main, "utf8")).toBe("// mine\n");
  });

  test.each(["", "7", '{"files":[]}', '{"files":[{"name":"main.ts"}]}'])(
    "refuses the body %p",
    async (body) => {
      const { ask } = serve();
      expect((await ask({ method: "PUT", body })).status).toBe(400);
    },
  );

  test("saves through a link, which stays one", async () => {
    const { directory, help } = serve();
    const link = join(directory, "link.ts");
    symlinkSync(help, link);
    const server = new PlayServer({ path: link, flags: [], args: [] });
    const key = new URL(server.address, ORIGIN).searchParams.get("key");
    const body = JSON.stringify({ files: [{ name: "link.ts", source: "// new\n" }] });
    const headers = { Authorization: `Bearer ${key}` };
    await server.answer(new Request(`${ORIGIN}/program`, { method: "PUT", body, headers }));
    expect(readFileSync(help, "utf8")).toBe("// new\n");
    expect(
      readdirSync(directory, { withFileTypes: true })
        .find(({ name }) => name === "link.ts")
        ?.isSymbolicLink(),
    ).toBe(true);
  });
});

describe("The files of a program", () => {
  test("begin with the main file, and are named from the directory that all are in", async () => {
    const { main, help, directory } = serve();
    writeFileSync(help, 'import "../../shared.ts";');
    expect((await collectFiles(main)).files.map(({ name }) => name)).toEqual([
      "main.ts",
      "parts/help.ts",
    ]);
    writeFileSync(help, 'import "../main.ts"; import "./deep/er.ts";');
    mkdirSync(join(directory, "parts/deep"));
    writeFileSync(join(directory, "parts/deep/er.ts"), "");
    expect((await collectFiles(main)).files.map(({ name }) => name)).toEqual([
      "main.ts",
      "parts/help.ts",
      "parts/deep/er.ts",
    ]);
    expect((await collectFiles(help)).files[0]?.name).toBe("parts/help.ts");
  });

  test("that has an error of syntax are still read", async () => {
    const { main } = serve();
    writeFileSync(main, "let x: = ;");
    expect((await collectFiles(main)).files.map(({ source }) => source)).toEqual(["let x: = ;"]);
  });

  test("cannot be a directory, or missing", async () => {
    const { directory } = serve();
    await expect(collectFiles(directory)).rejects.toThrow("cannot be read");
    await expect(collectFiles(join(directory, "none.ts"))).rejects.toThrow("cannot be read");
  });
});
