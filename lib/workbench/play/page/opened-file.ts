/** The file that `vortex play FILE` serves: reads it, saves it, and notices changes on disk. */
import * as v from "valibot";

const Opened = v.object({
  /** Path of the program's main file, as it was typed. */
  path: v.string(),
  files: v.pipe(v.array(v.object({ name: v.string(), source: v.string() })), v.minLength(1)),
  flags: v.array(v.string()),
  args: v.array(v.string()),
  /** Changes when a file does. */
  version: v.string(),
});
export type Opened = v.InferOutput<typeof Opened>;

const Saved = v.object({ version: v.string() });
const Refused = v.object({ text: v.string() });

/** A file was not saved. `isOutdated`: it has changed on disk since it was read. */
export class NotSaved extends Error {
  override readonly name = "NotSaved";
  readonly isOutdated: boolean;

  constructor(text: string, isOutdated: boolean) {
    super(text);
    this.isOutdated = isOutdated;
  }
}

export class OpenedFile {
  /** The server gives it to the reader who started it, and to no other page. */
  readonly #key: string;

  constructor(key: string) {
    this.#key = key;
  }

  /** Returns the server's file; `undefined` if the page was opened without one. */
  static inAddress(search: string): OpenedFile | undefined {
    const key = new URLSearchParams(search).get("key");
    return key === null ? undefined : new OpenedFile(key);
  }

  /** @throws {Error} if the server does not answer, or refuses. */
  async read(): Promise<Opened> {
    const opened = await this.#request("GET", {});
    if (opened.ok) return v.parse(Opened, await opened.json());
    throw new Error(await textOf(opened));
  }

  /** Reads the file if its version is another; `undefined` if it is not, or the server is gone. */
  async readNewer(version: string): Promise<Opened | undefined> {
    try {
      const answer = await this.#request("GET", { headers: { "If-None-Match": `"${version}"` } });
      return answer.status === 200 ? v.parse(Opened, await answer.json()) : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Saves the files, and returns their version.
   *
   * @param deleted Names of files to delete.
   * @param version That which was edited; `undefined` overwrites whatever is there.
   * @throws {NotSaved}
   */
  async save(
    files: readonly { readonly name: string; readonly source: string }[],
    deleted: readonly string[],
    version: string | undefined,
  ): Promise<string> {
    let answer: Response;
    try {
      const sources = files.map(({ name, source }) => ({ name, source }));
      const body = JSON.stringify({ files: sources, deleted, version });
      answer = await this.#request("PUT", { body });
    } catch {
      throw new NotSaved("The server does not answer. Is vortex play still running?", false);
    }
    if (answer.ok) return v.parse(Saved, await answer.json()).version;
    throw new NotSaved(await textOf(answer), answer.status === 409);
  }

  #request(method: string, init: RequestInit): Promise<Response> {
    const headers = { ...init.headers, Authorization: `Bearer ${this.#key}` };
    return fetch("/program", { ...init, method, headers, cache: "no-store" });
  }
}

async function textOf(answer: Response): Promise<string> {
  const refused = v.safeParse(Refused, await answer.json().catch(() => undefined));
  return refused.success ? refused.output.text : `The server answered with ${answer.status}`;
}
