/** Details of the playground in Chromium, as a reader uses it; what every browser is tested for is in in-browsers.test.ts. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Decisions } from "../../../../lib/workbench/decisions.ts";
import { encodeLink } from "../../../../lib/workbench/play/link.ts";
import { BROWSER, type OpenedPage, openPage } from "../../../support/browsers.ts";
import {
  Reader,
  type ServedPlayground,
  servePlayground,
} from "../../../support/play/opened-page.ts";
import { temporaryDirectory } from "../../../support/processes/vortex.ts";

setDefaultTimeout(60_000);

if (BROWSER === undefined) console.log("Skipping the playground's page: Chromium not found");

const SEND_ONCE = "#example=guide/3-broadcast/2-send-once";

const WRONG = `import { type Node, serve } from "vortex";
import * as v from "valibot";

export function echo(node: Node): void {
  node.handle("echo", v.object({ echo: v.unknown() }), ({ body }) => {
    throw new Error("not today");
  });
}
`;

// Keeps the browser running between tests.
let first: OpenedPage | undefined;
beforeAll(async () => {
  if (BROWSER !== undefined) first = await openPage("about:blank");
});
afterAll(() => first?.close());

describe.skipIf(BROWSER === undefined)("In the playground", () => {
  let served: ServedPlayground;
  beforeAll(() => {
    served = servePlayground();
  });
  afterAll(() => served.close());
  const at = (fragment: string) => Reader.at(new URL(fragment, served.address));

  test("errors are shown at their line: of syntax, and of a running program", async () => {
    await using reader = await at("#example=challenges/echo");
    await reader.write("\nlet x: = 3;");
    await reader.press("Run");
    expect(await reader.textOf(".problems li")).toContain("echo.ts:2");
    expect(await reader.page.$(".cm-lint-marker-error")).not.toBeNull();
    await reader.write(WRONG);
    await reader.press("Run");
    expect(await reader.waitForText(".problems", /not today/)).toContain("echo.ts:6");
    expect(await reader.textOf("#verdict")).toStartWith("Invalid");
  });

  test("names of the library are completed", async () => {
    await using reader = await at("#example=challenges/echo");
    await reader.write("export function echo(node: Node) {\n  node");
    await reader.page.keyboard.type(".syn");
    await reader.waitForText(".cm-tooltip-autocomplete", /syncRpc/);
    expect(await reader.waitForText(".cm-completionInfo", /dest/)).toContain("Sends a request");
    const isVisible = await reader.page.evaluate(`{
      const { x, y, width, height } = document.querySelector(".cm-completionInfo").getBoundingClientRect();
      document.elementFromPoint(x + width / 2, y + height / 2)?.closest(".cm-completionInfo") !== null;
    }`);
    expect(isVisible).toBe(true);
    // A click could hit the list.
    await reader.page.keyboard.press("Escape");
    await reader.write('import * as v from "valibot";\nv');
    await reader.page.keyboard.type(".");
    expect(await reader.waitForText(".cm-tooltip-autocomplete", /any/)).toStartWith("any");
  });

  test("a loop without end is stopped, and the page goes on", async () => {
    await using reader = await at("#example=challenges/echo");
    await reader.write("for (;;);");
    await reader.press("Run");
    await reader.waitForText(".activity", /Running/);
    await reader.press("Stop");
    await reader.waitForText(".activity", /^$/);
    await reader.write(
      WRONG.replace("throw", 'return { type: "echo_ok", echo: body.echo }; throw'),
    );
    await reader.press("Run");
    expect(await reader.waitForText("#verdict", /./)).toStartWith("Valid");
  });

  test("a result that a program forged is refused, and the page goes on", async () => {
    await using reader = await at("#example=challenges/echo");
    await reader.write(`const { postMessage } = MessagePort.prototype;
      MessagePort.prototype.postMessage = function (reply) {
        for (const each of reply?.inspections ?? []) each.states = each.states.map(() => "{");
        postMessage.call(this, reply);
      };
      export function echo(node) { node.inspect(() => 1); }`);
    await reader.press("Run");
    await reader.waitForText(".failure", /^The result cannot be shown: SyntaxError/);
    await reader.write("export function idle() {}");
    await reader.press("Run");
    await reader.textOf("#verdict");
  });

  test("a change that fits nothing in the run is named, as vortex sim does", async () => {
    const files = [{ name: "a.ts", source: "export function idle() {}" }];
    const drop = { do: "drop" as const, link: "n8 -> n9", number: 0 };
    const decisions = { version: 1 as const, base: "seed" as const, interventions: [drop] };
    const flags = ["-w", "echo", "--node-count", "1", "--time-limit", "1"];
    const link = await encodeLink({ files, flags, decisions });
    await using reader = await at(`#${link}`);
    await reader.press("Run");
    expect(await reader.textOf(".remark")).toStartWith("1 decision fits nothing in this run");
  });

  test("a change is undone though its run has no result to list it", async () => {
    const files = [{ name: "a.ts", source: "export function idle() {}" }];
    const kill = { do: "kill" as const, atNs: 5e8, node: "n0" };
    const decisions = { version: 1 as const, base: "seed" as const, interventions: [kill] };
    const flags = ["-w", "echo", "--node-count", "1", "--time-limit", "1"];
    await using reader = await at(`#${await encodeLink({ files, flags, decisions })}`);
    await reader.press("undo the last change");
    await reader.textOf("#verdict");
    expect(await reader.textOf(".command-line code")).not.toContain("--decisions");
  });

  test("files are added, renamed and deleted by keyboard, and a link holds them", async () => {
    await using reader = await at("#example=challenges/echo");
    const { keyboard } = reader.page;
    const nameFile = async (name: string) => {
      await reader.textOf(".file-name input");
      await keyboard.type(name);
      await keyboard.press("Enter");
    };
    const tabs = async () =>
      reader.page.evaluate(
        '[...document.querySelectorAll("[role=tab]")].map((tab) => tab.textContent)',
      );
    await reader.press("Add a file");
    await nameFile("echo.ts");
    expect(await reader.waitForText(".file-name", /already/)).toContain(
      "There is such a file already",
    );
    await keyboard.press("Escape");
    await reader.press("Add a file");
    await nameFile("help.ts");
    // The keyboard goes on in the new file.
    await reader.page.waitForFunction(
      `document.activeElement?.matches('.cm-content[aria-label="Program help.ts"]')`,
    );
    await reader.write("export const answer = 42;\n");
    await reader.press("Rename");
    await nameFile("parts/answer.ts");
    await reader.waitForText("[aria-selected=true]", /answer/);
    expect(await reader.source()).toBe("export const answer = 42;\n");
    await reader.press("Delete");
    await reader.waitForText(".deleted", /Deleted parts\/answer.ts/);
    expect(await tabs()).toEqual(["echo.ts"]);
    await reader.press("Undo the deletion");
    await reader.waitForText("[aria-selected=true]", /answer/);
    await reader.page.locator("[role=tab]").click();
    await reader.write(
      'import { answer } from "./parts/answer.ts";\n\nexport function echo() {\n  throw new Error(String(answer));\n}\n',
    );
    await reader.press("Run");
    expect(await reader.textOf(".failure")).toContain("Error: 42");
    await reader.press("Share");
    await using other = await Reader.at(await reader.valueOf(".share input"));
    await other.textOf(".cm-content");
    expect(
      await other.page.evaluate('document.querySelectorAll("[role=tab]")[1].textContent'),
    ).toBe("parts/answer.ts");
  });

  test("another option drops decisions about operations, and another stage all of them", async () => {
    const files = [{ name: "a.ts", source: "export function idle() {}" }];
    const read = { atNs: 5e8, thread: 0, node: "n0", f: "read", value: null };
    const main = { lengthNs: 1e9, operations: [read] };
    const kill = { do: "kill" as const, atNs: 5e8, node: "n0" };
    const flags = ["-w", "broadcast", "--node-count", "1", "--time-limit", "1"];
    const open = async (decisions: Decisions) =>
      at(`#${await encodeLink({ files, flags, decisions })}`);
    const command = (reader: Reader) => reader.textOf(".command-line code");

    await using reduced = await open({ version: 1, main });
    expect(await command(reduced)).toContain("--decisions");
    await reduced.choose("setting-rate", "7");
    expect(await command(reduced)).not.toContain("--decisions");

    await using changed = await open({ version: 1, base: "seed", interventions: [kill] });
    await changed.choose("setting-rate", "7");
    expect(await command(changed)).toContain("--decisions");
    await changed.page.select("#stage", "2");
    expect(await command(changed)).not.toContain("--decisions");
  });

  test("the verdict says whether the stage is passed, and of which program it is", async () => {
    await using reader = await at("#example=challenges/echo");
    expect(await reader.textOf(".requests li")).toBe("echo { echo } → echo_ok { echo }");
    await reader.press("Run");
    await reader.waitForText(".activity", /^Stage 1 passed\. Valid/);
    await reader.write("export function idle() {}");
    await reader.waitForText(".activity", /^Before your changes: /);
    await reader.press("Run");
    await reader.waitForText(".activity", /^Stage 1 not passed\. Invalid/);
  });

  test("a search that is stopped says how many seeds are valid", async () => {
    await using reader = await at("#example=challenges/echo");
    await reader.press("Find a failing seed");
    await reader.waitForText(".activity", /\d+ seeds are valid/);
    await reader.press("Stop");
    await reader.waitForText(".activity", /^Stopped: \d+ seeds from 2 on are valid/);
  });

  test("a link that was cut is refused with a reason", async () => {
    await using reader = await at("#play=abc");
    expect(await reader.textOf("[role=alert]")).toStartWith("This link cannot be opened: ");
  });

  test("work that was not shared survives a reload", async () => {
    await using reader = await at("#example=challenges/echo");
    await reader.write(WRONG);
    await reader.choose("setting-rate", "7");
    await reader.page.reload();
    expect(await reader.source()).toBe(WRONG);
    expect(await reader.textOf(".command-line code")).toContain("--rate 7");
    await reader.page.evaluate('location.hash = "#start"');
    await reader.textOf(".groups");
    await reader.page.evaluate('location.hash = "#example=challenges/echo"');
    expect(await reader.source()).toBe(WRONG);
    await reader.press("Discard the changes");
    await reader.waitForText(".cm-content", /Replies to every request|echo_ok/);
  });

  test("a wrong option is explained beside it, and keeps the program from running", async () => {
    await using reader = await at(SEND_ONCE);
    await reader.choose("setting-rate", "many");
    expect(await reader.textOf("#setting-rate-problem")).toBe("It must be a number of at least 0");
    await reader.press("Run");
    expect(await reader.textOf(".failure")).toContain("--rate: It must be a number of at least 0");
  });

  test("everything that can be used has a name, and fits 420 pixels", async () => {
    await using reader = await Reader.at(new URL(SEND_ONCE, served.address), { width: 420 });
    await reader.press("Run");
    await reader.textOf("#verdict");
    const unnamed = await reader.page.evaluate(`
      [...document.querySelectorAll("button, input, select, a, [role=tab]")]
        .filter((element) => [element, ...(element.labels ?? [])].every(
          (each) => ((each.getAttribute("aria-label") ?? "") + each.textContent).trim() === ""))
        .map((element) => element.outerHTML)`);
    expect(unnamed).toEqual([]);
    const width = await reader.page.evaluate("document.documentElement.scrollWidth");
    expect(width).toBeLessThanOrEqual(420);
  });
});

describe.skipIf(BROWSER === undefined)("A file that vortex play has opened", () => {
  const openFile = async () => {
    const path = join(temporaryDirectory(), "echo.ts");
    writeFileSync(path, WRONG);
    const served = servePlayground({ path, flags: ["-w", "echo"], args: [] });
    const reader = await Reader.at(served.address);
    const close = async () => {
      await reader[Symbol.asyncDispose]();
      await served.close();
    };
    return { path, reader, [Symbol.asyncDispose]: close };
  };

  test("is saved on request only", async () => {
    await using opened = await openFile();
    const { path, reader } = opened;
    await reader.write("// mine\n");
    await reader.waitForText(".file-status", /Not saved/);
    expect(readFileSync(path, "utf8")).toBe(WRONG);
    await reader.press("Save");
    await reader.waitForText(".file-status", /Saved/);
    expect(readFileSync(path, "utf8")).toBe("// mine\n");
  });

  test("gets and loses files beside it when it is saved", async () => {
    await using opened = await openFile();
    const { path, reader } = opened;
    await reader.press("Add a file");
    await reader.textOf(".file-name input");
    await reader.page.keyboard.type("help.ts");
    await reader.page.keyboard.press("Enter");
    await reader.waitForText(".file-status", /adds help.ts on disk/);
    await reader.write("// help\n");
    await reader.press("Save");
    await reader.waitForText(".file-status", /Saved/);
    const help = join(dirname(path), "help.ts");
    expect(readFileSync(help, "utf8")).toBe("// help\n");
    await reader.press("Delete");
    await reader.waitForText(".file-status", /deletes help.ts on disk/);
    expect(existsSync(help)).toBe(true);
    await reader.press("Save");
    await reader.waitForText(".file-status", /Saved/);
    expect(existsSync(help)).toBe(false);
    expect(readFileSync(path, "utf8")).toBe(WRONG);
  });

  test("is shown again when it changes on disk; the page asks if both have changed", async () => {
    await using opened = await openFile();
    const { path, reader } = opened;
    await reader.textOf(".cm-content");
    writeFileSync(path, "// theirs\n");
    await reader.waitForText(".cm-content", /theirs/);
    await reader.write("// mine\n");
    writeFileSync(path, "// theirs again\n");
    await reader.waitForText(".file-status", /changed on disk too/);
    expect(readFileSync(path, "utf8")).toBe("// theirs again\n");
    await reader.press("Overwrite it");
    await reader.waitForText(".file-status", /Saved/);
    expect(readFileSync(path, "utf8")).toBe("// mine\n");
  });
});
