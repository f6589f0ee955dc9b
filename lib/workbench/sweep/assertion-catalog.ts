/**
 * Finds the assertions of a program in its sources: what no run comes to is known from there only.
 *
 * @see Antithesis, "Assertion cataloging"
 */
import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { type CallExpression, type Expression, parse, type SpreadElement } from "acorn";
import { simple } from "acorn-walk";
import type { AssertionCatalog } from "../run/assertions.ts";

const LOADERS: Readonly<Record<string, "ts" | "tsx" | "jsx">> = {
  ".ts": "ts",
  ".mts": "ts",
  ".cts": "ts",
  ".tsx": "tsx",
  ".js": "jsx",
  ".mjs": "jsx",
  ".cjs": "jsx",
  ".jsx": "jsx",
};

/** Returns a function that lists the files which have been loaded as modules since. */
export function recordModules(): () => string[] {
  // Bun keeps ECMAScript modules there, too.
  const before = new Set(Object.keys(require.cache));
  return () => Object.keys(require.cache).filter((file) => !before.has(file));
}

/**
 * Lists the names in calls such as `node.sometimes(condition, "name")`.
 *
 * A name that is not a literal is known only once the program has used it.
 */
export function catalogOf(files: readonly string[]): AssertionCatalog {
  const names = { sometimes: new Set<string>(), always: new Set<string>() };
  for (const file of files) {
    for (const call of callsIn(file)) {
      const { callee } = call;
      if (callee.type !== "MemberExpression" || callee.property.type !== "Identifier") continue;
      const { name: method } = callee.property;
      if (method !== "sometimes" && method !== "always") continue;
      const name = literalOf(call.arguments[1]);
      if (name !== undefined) names[method].add(name);
    }
  }
  return { sometimes: [...names.sometimes], always: [...names.always] };
}

/** A call that is not in a comment, as those in examples are: parsing takes milliseconds a file. */
const CALL = /^(?!\s*(?:\*|\/\/)).*\.\s*(?:sometimes|always)\s*\(/m;

function callsIn(file: string): CallExpression[] {
  const calls: CallExpression[] = [];
  const loader = LOADERS[extname(file)];
  if (loader === undefined) return calls;
  try {
    const source = readFileSync(file, "utf8");
    if (!CALL.test(source)) return calls;
    const script = new Bun.Transpiler({ loader }).transformSync(source);
    const program = parse(script, { ecmaVersion: "latest", sourceType: "module" });
    simple(program, { CallExpression: (call) => void calls.push(call) });
  } catch {
    // Bun has loaded the file; its syntax may be too new for the parser, or it may have been changed.
  }
  return calls;
}

function literalOf(argument: Expression | SpreadElement | undefined): string | undefined {
  if (argument?.type === "Literal" && typeof argument.value === "string") return argument.value;
  if (argument?.type !== "TemplateLiteral" || argument.expressions.length > 0) return undefined;
  return argument.quasis[0]?.value.cooked ?? undefined;
}
