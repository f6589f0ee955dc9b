/** The playground in every browser: typing, a run, a failing seed, sharing; watching a run and changing it. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { broadcast } from "../../../../docs/guide/3-broadcast/2-send-once.ts";
import { type Decisions, parseDecisions } from "../../../../lib/workbench/decisions.ts";
import type { JournalEvent } from "../../../../lib/workbench/network/journal.ts";
import { parseWords, toOptions } from "../../../../lib/workbench/play/settings.ts";
import { simulate } from "../../../../lib/workbench/run/simulate.ts";
import { describeInBrowsers, type PageOptions } from "../../../support/browsers.ts";
import {
  Reader,
  type ServedPlayground,
  servePlayground,
} from "../../../support/play/opened-page.ts";

setDefaultTimeout(60_000);

const SEND_ONCE = "#example=guide/3-broadcast/2-send-once";
const FLAGS = "-w broadcast --node-count 5 --rate 10 --time-limit 20 --latency 50 --seed 1";

/** The sentence about messages that the page shows. */
function countText(decisions?: Decisions): string {
  const events: JournalEvent[] = [];
  simulate(toOptions(parseWords(FLAGS.split(" "))), {
    program: broadcast,
    decisions,
    onMessage: (event) => void events.push(event),
  });
  const sentCount = events.filter(({ type }) => type === "send").length;
  const lost = events.filter(({ type }) => type === "drop");
  const reason = lost.length === 0 ? "" : ` (${lost.length} dropped by hand)`;
  return `${sentCount.toLocaleString("en")} messages; ${lost.length} never arrived${reason}.`;
}

describeInBrowsers("The playground", (browser) => {
  let served: ServedPlayground;
  beforeAll(() => {
    served = servePlayground();
  });
  afterAll(() => served.close());
  const at = (fragment: string, options: PageOptions = {}) =>
    Reader.at(new URL(fragment, served.address), { browser, ...options });

  describe("A program", () => {
    test("an example of the start page is opened, typed into, run with the keyboard, and judged by its stage", async () => {
      await using reader = await at("");
      await reader.page.locator('a[href$="3-broadcast/3-retry"]').click();
      await reader.page.locator(".cm-content").click();
      await reader.page.keyboard.down("Control");
      await reader.page.keyboard.press("Home");
      await reader.page.keyboard.up("Control");
      await reader.page.keyboard.type("// typed");
      await reader.page.keyboard.press("Enter");
      await reader.page.keyboard.down("Control");
      await reader.page.keyboard.press("Enter");
      await reader.page.keyboard.up("Control");
      expect(await reader.textOf("#verdict")).toStartWith("Valid: every acknowledged value");
      expect(await reader.source()).toStartWith("// typed\nimport ");
      // Fly.io sets no limit for the messages of 3c.
      const target = /^Stage 3c passed\. Valid: .* \(Vortex’s own target: at most 2\.5\)$/;
      await reader.waitForText(".activity", target);
      const card = ".gauge:has(.hint)";
      expect(await reader.textOf(card)).toContain("target: at most 2.5, missed. Fly.io sets no");
      expect(reader.complaints).toEqual([]);
    });

    test("a failing seed is found, which fails in vortex sim too, and is made small", async () => {
      await using reader = await at(SEND_ONCE);
      await reader.page.locator(".choices label").click(); // partition
      await reader.choose("setting-nemesis-interval", "2");
      await reader.press("Find a failing seed");
      await reader.waitForText("#verdict", /^Invalid/);
      const seed = await reader.valueOf("#setting-seed");
      const words = `-w broadcast --node-count 5 --rate 10 --time-limit 20 --nemesis partition --nemesis-interval 2 --seed ${seed}`;
      expect(await reader.textOf(".command-line code")).toBe(`vortex sim 2-send-once.ts ${words}`);
      const options = toOptions(parseWords(words.split(" ")));
      expect(simulate(options, { program: broadcast }).valid).toBe(false);
      await reader.press("Shrink");
      await reader.waitForText("header.invalid", /Reduced from a larger test/);
      const shrunk = await reader.textOf(".command-line code");
      expect(Number(/--time-limit (\d+)/.exec(shrunk)?.[1])).toBeLessThan(10);
    });

    test("a link holds program, options and arguments, and opens them again", async () => {
      await using reader = await at(SEND_ONCE);
      const source = `// \u2028 </script> ünïcode\n${await reader.source()}`;
      await reader.write(source);
      await reader.choose("setting-seed", "77");
      await reader.choose("arguments", "--flush-ms 5 'a b'");
      await reader.press("Share");
      const link = await reader.valueOf(".share input");
      await using other = await Reader.at(link, { browser });
      expect(await other.textOf(".command-line code")).toBe(
        "vortex sim 2-send-once.ts -w broadcast --node-count 5 --rate 10 --time-limit 20 --seed 77 -- --flush-ms 5 'a b'",
      );
      expect(await other.source()).toBe(source);
      // The server was asked for the page only.
      expect(other.complaints).toEqual([]);
    });
  });

  describe("A run that is watched", () => {
    let reader: Reader;
    beforeAll(async () => {
      reader = await at(SEND_ONCE, { width: 420 });
      await reader.choose("setting-latency", "50");
      await reader.press("Run");
    });
    afterAll(() => reader[Symbol.asyncDispose]());
    const press = (key: "ArrowRight" | "ArrowLeft" | " " | "Home" | "Escape") =>
      reader.page.keyboard.press(key);

    test("goes from event to event by keyboard, and says what happened", async () => {
      await reader.textOf(".arena canvas");
      await reader.page.focus(".arena canvas");
      await press("Home");
      await reader.waitForText(".current", /^0\.000 s \S/);
      for (let count = 0; count < 3; count++) await press("ArrowRight");
      const third = await reader.textOf(".current");
      await press("ArrowRight");
      await press("ArrowLeft");
      expect(await reader.waitForText(".current", /s /)).toBe(third);
    });

    test("plays", async () => {
      await reader.page.focus(".arena canvas");
      await press(" ");
      await reader.waitForText(".transport .time", /^0\.[3-9]|^[1-9]/);
      await press(" ");
      expect(await reader.textOf(".transport .play")).toBe("Play");
    });

    test("goes on without a message that is dropped, as vortex sim does; and with it when that is undone", async () => {
      await reader.page.evaluate(`(async () => {
        for (let count = 0; count < 500; count++) {
          const between = [...document.querySelectorAll(".in-flight button")].find(
            ({ textContent }) => /n\\d → n\\d/.test(textContent));
          if (between !== undefined) return between.click();
          document.querySelector('[aria-label="Next event"]').click();
          await new Promise((resolve) => setTimeout(resolve));
        }
        throw new Error("No message is in flight");
      })()`);
      const timeBefore = await reader.textOf(".transport .time");
      await reader.press("is lost");
      await reader.waitForText(".changes", /drop message/);
      expect(await reader.textOf(".panel p")).toContain("dropped by hand");
      expect(await reader.textOf(".transport .time")).toBe(timeBefore);
      const command = await reader.textOf(".command-line code");
      const decisions = parseDecisions(JSON.parse(/--decisions '(.*)'/.exec(command)?.[1] ?? ""));
      expect(decisions).toMatchObject({ base: "seed", interventions: [{ do: "drop" }] });
      expect(await reader.textOf("#message-count")).toContain(countText(decisions));
      await reader.press("Undo");
      await reader.waitForText("#message-count", / 0 never arrived/);
      expect(await reader.textOf("#message-count")).toContain(countText());
      await reader.press("Redo");
      await reader.waitForText("#message-count", /dropped by hand/);
    });

    test("goes on with nodes that a line cuts off", async () => {
      await reader.press("Draw a cut");
      const { page } = reader;
      await page.evaluate(
        'document.querySelector(".arena").scrollIntoView({ behavior: "instant" })',
      );
      const box = await (await page.$(".arena canvas"))?.boundingBox();
      if (box == null) throw new Error("The page has no arena");
      // n0 is above the line.
      const y = box.y + box.height * 0.27;
      await page.mouse.move(box.x + 4, y);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width / 2, y);
      await page.mouse.move(box.x + box.width - 4, y);
      await page.mouse.up();
      expect(await reader.waitForText(".changes", /cut/)).toContain("cut 8 links");
      await reader.press("Heal");
      await reader.waitForText(".changes", /heal the cut/);
    });

    test("selects the message that is clicked, and nothing beside it", async () => {
      const { page } = reader;
      const panel = 'section[aria-label="Selected message"]';
      await page.focus(".arena canvas");
      await press("Escape");
      const [src = "", dest = ""] = (await reader.textOf(".in-flight button")).split(" → ");
      const centerOf = async (name: string) => {
        const button = await page.$(`.participant[aria-label^="${name}, "]`);
        const box = await button?.boundingBox();
        if (box == null) throw new Error(`${name} is not in the arena`);
        return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
      };
      const [from, to] = [await centerOf(src), await centerOf(dest)];
      // Other messages may be on the same line: the first that is found may be one of them.
      const isSelected = async () =>
        (await page.$(panel)) !== null && (await reader.textOf(panel)).includes(`${src} → ${dest}`);
      for (let part = 0.2; !(await isSelected()); part += 0.05) {
        if (part > 0.8) throw new Error(`${src} → ${dest} cannot be clicked`);
        await page.mouse.click(from.x + part * (to.x - from.x), from.y + part * (to.y - from.y));
      }
      const box = await (await page.$(".arena canvas"))?.boundingBox();
      await page.mouse.click((box?.x ?? 0) + 5, (box?.y ?? 0) + 5);
      await page.waitForFunction(`document.querySelector('${panel}') === null`);
    });

    test("goes on with a node that is killed at the moment", async () => {
      await reader.page.locator(".participant.node").click();
      await reader.press("Kill n0");
      await reader.waitForText(".changes", /kill n0/);
      expect(await reader.waitForText(".participant.down", /down/)).toStartWith("n0");
      // Its button is gone; the keyboard goes on from the panel, to "Restart n0".
      const focused = await reader.page.evaluate("document.activeElement.ariaLabel");
      expect(focused).toBe("Selected: n0");
      expect(reader.complaints).toEqual([]);
    });
  });
});
