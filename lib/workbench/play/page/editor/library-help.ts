/** Completes and explains the names of the library, from its docstrings. */
import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { syntaxTree } from "@codemirror/language";
import type { EditorState } from "@codemirror/state";
import { type EditorView, hoverTooltip, type Tooltip } from "@codemirror/view";
import type { DocEntry, LibraryDocs } from "../../site/site-data.ts";

const KINDS: Readonly<Record<DocEntry["kind"], string>> = {
  function: "function",
  class: "class",
  interface: "interface",
  type: "type",
  const: "constant",
  property: "property",
  method: "method",
};

/** The types of names that programs give to nothing else. */
const SUGGESTED_TYPES: ReadonlyMap<string, string> = new Map([
  ["node", "KVNode"],
  ["request", "Request"],
]);

/** The library as a program sees it. */
export class LibraryHelp {
  readonly #docs: ReadonlyMap<string, readonly DocEntry[]>;
  readonly #entries: ReadonlyMap<string, DocEntry>;

  constructor(docs: LibraryDocs) {
    this.#docs = new Map(Object.entries(docs));
    const own = [...this.#docs].flatMap(([module, entries]) =>
      module === "valibot" ? [] : entries,
    );
    // Of a name that several modules export, the first one's counts: it is set last.
    this.#entries = new Map(own.reverse().map((entry) => [entry.name, entry]));
  }

  /** A source of completions: in imports, after a point, and of imported names. */
  complete = (context: CompletionContext): CompletionResult | null => {
    const word = context.matchBefore(/[\w$]*/);
    const from = word?.from ?? context.pos;
    if (isText(context.state, context.pos)) return null;
    const line = context.state.doc.lineAt(from);
    const before = context.state.sliceDoc(line.from, from);
    const receiver = /([\w$]+(?:\.[\w$]+)*)\??\.$/.exec(before)?.[1];
    if (receiver !== undefined) return toResult(from, this.#members(context.state, receiver));
    if (!context.explicit && word?.from === word?.to) return null;
    const imported = this.#importAround(context.state, from);
    if (imported !== undefined) return toResult(from, this.#docs.get(imported) ?? []);
    const names = importsOf(context.state);
    return toResult(
      from,
      [...this.#entries.values()].filter(({ name }) => names.has(name)),
    );
  };

  /** Shows what a name of the library is when the pointer rests on it. */
  hover = hoverTooltip((view, pos) => this.#explain(view, pos));

  #explain(view: EditorView, pos: number): Tooltip | null {
    const range = view.state.wordAt(pos);
    if (range === null || isText(view.state, pos)) return null;
    const name = view.state.sliceDoc(range.from, range.to);
    const line = view.state.doc.lineAt(range.from);
    const before = view.state.sliceDoc(line.from, range.from);
    const receiver = /([\w$]+(?:\.[\w$]+)*)\??\.$/.exec(before)?.[1];
    const entry =
      receiver === undefined
        ? this.#entries.get(name)
        : this.#members(view.state, receiver).find((member) => member.name === name);
    if (entry === undefined || entry.signature === "") return null;
    return {
      pos: range.from,
      end: range.to,
      above: true,
      create: () => ({ dom: helpElement(entry) }),
    };
  }

  /** The members of an expression of names and points, such as `node.seqKv`. */
  #members(state: EditorState, receiver: string): readonly DocEntry[] {
    const [first = "", ...rest] = receiver.split(".");
    if (first === "v" && rest.length === 0) return this.#docs.get("valibot") ?? [];
    let members = this.#membersOf(this.#typeOf(state, first));
    for (const name of rest) {
      const type = members.find((member) => member.name === name)?.signature;
      members = this.#membersOf(/: (?:readonly )?(\w+)/.exec(type ?? "")?.[1]);
    }
    return members;
  }

  #membersOf(type: string | undefined): readonly DocEntry[] {
    const own: DocEntry[] = [];
    // A class has at most a few bases; the bound is for a circle.
    for (let depth = 0, name = type; name !== undefined && depth < 5; depth++) {
      const entry = this.#entries.get(name);
      own.push(...(entry?.members ?? []));
      name = entry?.base;
    }
    return own;
  }

  /** The type that a name is declared with, or that its name suggests. */
  #typeOf(state: EditorState, name: string): string | undefined {
    const text = state.doc.toString();
    const escaped = name.replaceAll("$", "\\$");
    const declared = new RegExp(`\\b${escaped}\\s*:\\s*(\\w+)`).exec(text)?.[1];
    const made = new RegExp(`\\b${escaped}\\s*=\\s*new\\s+(\\w+)`).exec(text)?.[1];
    const known = [declared, made].find((type) => type !== undefined && this.#entries.has(type));
    if (known !== undefined) return known;
    return SUGGESTED_TYPES.get(name);
  }

  /** The module of the import whose braces surround a place. */
  #importAround(state: EditorState, pos: number): string | undefined {
    const innermost = syntaxTree(state).resolveInner(pos, -1);
    for (let each = innermost; each.parent !== null; each = each.parent) {
      if (each.name !== "ImportDeclaration") continue;
      const text = state.sliceDoc(each.from, each.to);
      return /["']([^"']+)["']/.exec(text)?.[1];
    }
    return undefined;
  }
}

/** Whether a place is within a text or a comment. */
function isText(state: EditorState, pos: number): boolean {
  return /Comment|^String$|^TemplateString$/.test(syntaxTree(state).resolveInner(pos, -1).name);
}

/** The names that a program imports. */
function importsOf(state: EditorState): ReadonlySet<string> {
  const lists = state.doc.toString().matchAll(/^import (?:type )?\{([^}]*)\}/gm);
  const names = [...lists].flatMap(([, list = ""]) => list.split(","));
  return new Set(names.map((name) => name.replace(/^\s*type\s/, "").trim()));
}

function toResult(from: number, entries: readonly DocEntry[]): CompletionResult | null {
  // Names that begin with _ are a library's own.
  const options = entries.filter(({ name }) => !name.startsWith("_")).map(toCompletion);
  return options.length === 0 ? null : { from, options, validFor: /^[\w$]*$/ };
}

function toCompletion(entry: DocEntry): Completion {
  return {
    label: entry.name,
    type: KINDS[entry.kind],
    // What is called comes before what is a type: the list is cut after 100 names.
    boost: /^[a-z]/.test(entry.name) ? 1 : 0,
    ...(entry.signature === "" ? {} : { info: () => helpElement(entry) }),
  };
}

/** The declaration and the docstring, as text. */
function helpElement({ signature, text }: DocEntry): HTMLElement {
  const element = document.createElement("div");
  element.className = "library-help";
  const code = document.createElement("code");
  code.textContent = signature;
  element.append(code);
  for (const paragraph of text === "" ? [] : text.split(/\n\n+/)) {
    const isExample = paragraph.startsWith("@example");
    const block = document.createElement(isExample ? "pre" : "p");
    block.textContent = isExample ? paragraph.replace(/^@example\s*/, "") : proseOf(paragraph);
    element.append(block);
  }
  return element;
}

/** A paragraph of a docstring without its markup: lines go on, but for those of lists and tags. */
function proseOf(paragraph: string): string {
  return paragraph
    .replaceAll("`", "")
    .replace(/\n(?!\s*(?:[-@]|\d+\.))\s*/g, " ")
    .replace(/^@param (\S+)/gm, "$1:")
    .replace(/^@throws(?: \{(\w+)\})?/gm, (_, error = "") => `Throws ${error}`.trim())
    .replace(/^@(?:returns|see|link) /gm, "");
}
