/**
 * Groups the requests that nodes answered with an error, or not at all.
 *
 * A verdict says what was wrong with the answers; these groups say what the nodes returned instead.
 */
import * as v from "valibot";
import { ERRORS, errorKind, isErrorKind } from "../../protocol/errors.ts";
import { isArray } from "../../protocol/json-key.ts";
import { shorten } from "../../protocol/shorten.ts";
import type { NodeId } from "../../vortex/index.ts";
import { ErrorReply, MalformedReply, NetTimeout } from "../clients/client-errors.ts";
import { type History, pairs } from "../history/history.ts";

/** Requests of one type that ended alike: with the same error, whose texts differ in numbers only. */
export const RequestErrors = v.object({
  /**
   * `error`: the reply was an error. `timeout`: no reply came in time. `malformed-reply`: the workload
   * cannot read the reply. `exception`: anything else that a client threw.
   */
  kind: v.picklist(["error", "timeout", "malformed-reply", "exception"]),
  /** Type of the requests; in a stored history, the operation that sent them. */
  request: v.string(),
  count: v.number(),
  /** Node -> number of its requests. Empty if the history names no nodes. */
  nodes: v.record(v.string(), v.number()),
  /** Code of the error; absent if it is not an integer. */
  code: v.exactOptional(v.number()),
  /** The protocol's name of the code; `"unknown"` if it has none. */
  name: v.exactOptional(v.string()),
  /** Text of the first; cut if it is long. For a timeout, the faults on its nodes at that time. */
  text: v.string(),
  /** Whether other texts of the group have other numbers or ids. */
  isVaried: v.exactOptional(v.literal(true)),
  /** Source line that the node's stderr names for this text: `"echo.ts:6"`. */
  location: v.exactOptional(v.string()),
  /** Timeouts: the last lines of a node's stderr; absent if that is empty. */
  lastLog: v.exactOptional(v.array(v.string())),
  /** How long the client waited. */
  timeoutMs: v.exactOptional(v.number()),
});
export type RequestErrors = v.InferOutput<typeof RequestErrors>;

/** One request that ended with an error. */
interface RequestError
  extends Pick<RequestErrors, "kind" | "request" | "code" | "name" | "text" | "timeoutMs"> {
  readonly node: NodeId | undefined;
}

/** Maximum number of groups; further ones are not kept. */
const MAX_GROUPS = 200;
const MAX_TEXT_LENGTH = 300;

/** Counts errors as they happen. */
export class RequestErrorCounts {
  readonly #groups = new Map<string, RequestErrors>();

  /** Counts what a client's request threw. @param f The operation that sent it. */
  add(node: NodeId, f: string, thrown: unknown): void {
    this.count(requestErrorOf(node, f, thrown));
  }

  count({ node, text, ...error }: RequestError): void {
    const shown = shorten(text, MAX_TEXT_LENGTH);
    const key = [error.kind, error.request, error.code, error.name, withoutIds(shown)].join("\n");
    const group = this.#groups.get(key);
    if (group === undefined) {
      if (this.#groups.size >= MAX_GROUPS) return;
      const nodes = node === undefined ? {} : { [node]: 1 };
      this.#groups.set(key, { ...error, text: shown, count: 1, nodes });
      return;
    }
    group.count++;
    if (node !== undefined) group.nodes[node] = (group.nodes[node] ?? 0) + 1;
    if (shown !== group.text) group.isVaried = true;
  }

  /** The groups, the most frequent first. */
  get groups(): readonly RequestErrors[] {
    return [...this.#groups.values()].sort((one, other) => other.count - one.count);
  }
}

function requestErrorOf(node: NodeId, f: string, thrown: unknown): RequestError {
  if (thrown instanceof NetTimeout) {
    const { request, timeoutMs } = thrown;
    return { kind: "timeout", node, request, text: "", timeoutMs };
  }
  if (thrown instanceof ErrorReply) {
    const { request, code, message: text } = thrown;
    const coded = code === undefined ? {} : { code, name: errorKind(code) };
    return { kind: "error", node, request, text, ...coded };
  }
  if (thrown instanceof MalformedReply) {
    const request = String(thrown.request.body["type"]);
    return { kind: "malformed-reply", node, request, text: thrown.problem };
  }
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return { kind: "exception", node, request: f, text };
}

/** Groups the errors in a stored history. It names operations, and no codes beyond the protocol's. */
export function requestErrorsOf(history: History): readonly RequestErrors[] {
  const counts = new RequestErrorCounts();
  for (const { invocation, completion } of pairs(history)) {
    if (completion === undefined) continue;
    const { error, exception } = completion;
    const at = { node: invocation.node, request: invocation.f };
    if (exception !== undefined) counts.count({ ...at, ...thrownOf(exception) });
    else if (error === "net-timeout") counts.count({ ...at, kind: "timeout", text: "" });
    else if (error !== undefined && isArray(error)) {
      const [name, text] = error;
      if (typeof name !== "string") continue;
      if (name === "indeterminate") {
        // An exception of Maelstrom's client.
        counts.count({ ...at, kind: "exception", text: String(text ?? "") });
        continue;
      }
      const coded = isErrorKind(name) ? { code: ERRORS[name].code } : {};
      counts.count({ ...at, kind: "error", name, text: String(text ?? ""), ...coded });
    }
  }
  return counts.groups;
}

function thrownOf({ class: name, message }: { readonly class: string; readonly message: string }): {
  readonly kind: RequestErrors["kind"];
  readonly text: string;
} {
  if (name === "NetTimeout") return { kind: "timeout", text: "" };
  if (name === "ErrorReply") return { kind: "error", text: message };
  return { kind: name === "MalformedReply" ? "malformed-reply" : "exception", text: message };
}

/** Replaces each word that has a digit: numbers, node names and ids differ between equal errors. */
function withoutIds(text: string): string {
  // Most texts have none, and are many.
  if (!/\d/.test(text)) return text;
  return text.replace(/[\w.-]*\d[\w.-]*/g, "#");
}
