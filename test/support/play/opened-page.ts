/** Serves the playground on loopback, and opens it in a browser as a reader does. */
import type { Page } from "puppeteer-core";
import type { ProgramOptions } from "../../../lib/workbench/play/server/opened-program.ts";
import { PlayServer } from "../../../lib/workbench/play/server/play-server.ts";
import { type OpenedPage, openPage, type PageOptions } from "../browsers.ts";

/** Time that the page has for each step, in ms: on a busy machine a run takes seconds. */
const LIMIT_MS = 40_000;

export interface ServedPlayground {
  /** Address of the page, with the key of the program. */
  readonly address: URL;
  close(): Promise<void>;
}

/** @param program The file that the page opens with. */
export function servePlayground(program?: ProgramOptions): ServedPlayground {
  const playground = new PlayServer(program);
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => playground.answer(request),
  });
  return { address: new URL(playground.address, server.url), close: () => server.stop(true) };
}

/** A page of the playground, and what a reader does in it. */
export class Reader implements AsyncDisposable {
  readonly opened: OpenedPage;

  private constructor(opened: OpenedPage) {
    this.opened = opened;
  }

  static async at(address: URL | string, options: PageOptions = {}): Promise<Reader> {
    return new Reader(await openPage(`${address}`, options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.opened.close();
  }

  /** Complaints and requests of the page, but for blobs: it makes these itself. */
  get complaints(): readonly string[] {
    return this.opened.complaints.filter((each) => !each.startsWith("request: blob:"));
  }

  get page(): Page {
    return this.opened.page;
  }

  /** Replaces the program's text. */
  async write(source: string): Promise<void> {
    await this.page.locator(".cm-content").click();
    await this.page.keyboard.down("Control");
    await this.page.keyboard.press("KeyA");
    await this.page.keyboard.up("Control");
    // Pasted: typing would close brackets. Firefox hides the data of pastes that scripts make.
    await this.page.evaluate(`{
      const clipboardData = { getData: () => ${JSON.stringify(source)} };
      const paste = new Event("paste", { bubbles: true, cancelable: true });
      document.querySelector(".cm-content").dispatchEvent(Object.assign(paste, { clipboardData }));
    }`);
  }

  /** Clicks a button by its name, as soon as it can be. */
  async press(button: string): Promise<void> {
    const find = `[...document.querySelectorAll("button:enabled")].find((each) =>
      (each.getAttribute("aria-label") ?? each.textContent).trim() === ${JSON.stringify(button)})`;
    await this.#until(find);
    await this.page.evaluate(`${find}.click()`);
  }

  /** Sets an option, by the id of its field. */
  async choose(field: string, text: string): Promise<void> {
    await this.page.locator(`form [id="${field}"]`).fill(text);
  }

  /** Waits for an element, and returns its text. */
  async textOf(selector: string): Promise<string> {
    return this.waitForText(selector, /(?:)/);
  }

  /** Waits until the text of an element satisfies a pattern, and returns it. */
  async waitForText(selector: string, pattern: RegExp): Promise<string> {
    const text = `document.querySelector(${JSON.stringify(selector)})?.textContent`;
    await this.#until(`${text} !== undefined && ${pattern}.test(${text})`);
    return `${await this.page.evaluate(text)}`;
  }

  async valueOf(selector: string): Promise<string> {
    const value = `document.querySelector(${JSON.stringify(selector)})?.value`;
    await this.#until(`${value} !== undefined`);
    return `${await this.page.evaluate(value)}`;
  }

  async #until(condition: string): Promise<void> {
    try {
      await this.page.waitForFunction(condition, { timeout: LIMIT_MS });
    } catch (cause) {
      const shown = await this.page.evaluate("document.body.innerText.slice(0, 3000)");
      throw new Error(`Not within ${LIMIT_MS} ms: ${condition}. The page shows:\n${shown}`, {
        cause,
      });
    }
  }

  /** The program's text, of the file that is shown. */
  async source(): Promise<string> {
    await this.textOf(".cm-content");
    const lines = '[...document.querySelectorAll(".cm-line")].map((line) => line.textContent)';
    return `${await this.page.evaluate(`${lines}.join("\\n")`)}`;
  }
}
