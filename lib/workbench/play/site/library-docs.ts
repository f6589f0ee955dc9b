/**
 * Reads the docstrings of what programs import, for completion and help in the editor.
 *
 * It relies on the formatter's layout: exports begin a line, members are indented by two spaces. No parser
 * for TypeScript would be smaller: swc's syntax tree has no comments.
 */
import { join } from "node:path";
import * as v from "valibot";
import type { DocEntry, LibraryDocs } from "./site-data.ts";

const LIB = join(import.meta.dir, "../../..");

/** The index files of the modules. */
const MODULES = {
  vortex: "vortex/index.ts",
  "vortex/raft": "raft/index.ts",
  "vortex/workload": "workload/index.ts",
} as const;

export async function libraryDocs(): Promise<LibraryDocs> {
  const modules = Object.entries(MODULES).map(
    async ([name, file]) => [name, await entriesOf(join(LIB, file))] as const,
  );
  // valibot documents itself in its types, which are not read here.
  const valibot = Object.keys(v).map(
    (name): DocEntry => ({ name, kind: "function", signature: "", text: "" }),
  );
  return { ...Object.fromEntries(await Promise.all(modules)), valibot };
}

/** The names that an index file exports from others. */
async function entriesOf(index: string): Promise<DocEntry[]> {
  const text = await Bun.file(index).text();
  const exported = [...text.matchAll(/^export (?:type )?\{([^}]*)\} from "(.*)";$/gm)].map(
    async ([, list = "", path = ""]) => {
      const declared = declarationsOf(await Bun.file(join(index, "..", path)).text());
      return list.split(",").flatMap((item) => {
        const name = item.replace(/^\s*type\s/, "").trim();
        return name === "" ? [] : (declared.get(name) ?? []);
      });
    },
  );
  return (await Promise.all(exported)).flat();
}

/** The exported declarations of a module, by name. */
export function declarationsOf(source: string): ReadonlyMap<string, DocEntry> {
  const lines = source.split("\n");
  const found = new Map<string, DocEntry>();
  for (const [index, line] of lines.entries()) {
    const [, kind, name] =
      /^export (?:async )?(function|class|interface|type|const)\*? (\w+)/.exec(line) ?? [];
    // A schema and the type of its output share a name: the first has the docstring.
    if (kind === undefined || name === undefined || found.has(name)) continue;
    const signature = signatureOf(lines, index, "");
    const base = /^(?:class|interface) \w+(?:<.*>)? extends (\w+)/.exec(signature)?.[1];
    const hasMembers = kind === "class" || kind === "interface";
    found.set(name, {
      name,
      // The pattern has these only.
      kind: kind as DocEntry["kind"],
      signature,
      text: docOf(lines, index),
      ...(hasMembers ? { members: membersOf(lines, index) } : {}),
      ...(base === undefined ? {} : { base }),
    });
  }
  return found;
}

const MEMBER = /^ {2}(?:readonly |static |async |get )*([a-zA-Z]\w*)\??(?=[:(<])/;

/** The public members of a class or an interface that begins at a line. */
function membersOf(lines: readonly string[], start: number): DocEntry[] {
  const end = lines.findIndex((line, index) => index >= start && /^\}|\{\}$/.test(line));
  const members: DocEntry[] = [];
  for (let index = start + 1; index < end; index++) {
    const line = lines[index] ?? "";
    const name = MEMBER.exec(line)?.[1];
    if (name === undefined || name === "constructor") continue;
    const signature = signatureOf(lines, index, "  ");
    const kind = signature.replace(name, "").startsWith(":") ? "property" : "method";
    members.push({
      name,
      kind: line.trimStart().startsWith("get ") ? "property" : kind,
      signature,
      text: docOf(lines, index),
    });
  }
  return members;
}

/** Longest declaration of a type that is shown. */
const MAX_LINES = 12;

/** A declaration up to its body or value, on one line if it is short. */
function signatureOf(lines: readonly string[], start: number, indent: string): string {
  const taken: string[] = [];
  for (const line of lines.slice(start, start + MAX_LINES)) {
    if (/^\s*\/\//.test(line)) continue;
    taken.push(line.slice(indent.length));
    const isConst = /^export const /.test(line);
    const isLast = taken.length > 1 && new RegExp(`^${indent}\\S`).test(line);
    if (isConst || isLast || /[{;]$|\{\}$/.test(line.replace(/= \{\},?$/, ""))) break;
  }
  const text = taken.join("\n").replace(/^export /, "");
  const declared = /^const /.test(text)
    ? text.replace(/ =[\s\S]*$/, "")
    : text.replace(/\s*(\{\}?|;)$/, "");
  const short = declared
    .replaceAll(/\s*\n\s*/g, " ")
    .replaceAll("( ", "(")
    .replaceAll(/,? \)/g, ")");
  return (short.length <= 100 ? short : declared).replace(/^(readonly|async) /, "");
}

/** The docstring that ends above a line. */
function docOf(lines: readonly string[], index: number): string {
  const last = index - 1;
  if (!/\*\/$/.test(lines[last] ?? "")) return "";
  let first = last;
  while (first > 0 && !/^\s*\/\*\*/.test(lines[first] ?? "")) first--;
  return lines
    .slice(first, last + 1)
    .map((line) => line.replace(/^\s*\/?\*+\/?\s?|\s*\*\/$/g, ""))
    .join("\n")
    .trim()
    .replaceAll(/\{@link ([^}]*)\}/g, "`$1`");
}
