import { describe, expect, test } from "bun:test";
import { REQUESTS } from "../../../../lib/workbench/play/workload-messages.ts";
import { WORKLOAD_NAMES } from "../../../../lib/workbench/workloads/index.ts";
import { challenge } from "../../../support/simulations/challenges.ts";
import { runSimulated } from "../../../support/simulations/simulate.ts";

const ENVELOPE: ReadonlySet<string> = new Set(["type", "msg_id", "in_reply_to"]);

/** The forms of messages that have been seen: types and fields, sorted. */
function formsOf(bodies: readonly object[]): string[] {
  const forms = bodies.map((body) => {
    const fields = Object.keys(body).filter((field) => !ENVELOPE.has(field));
    return `${Reflect.get(body, "type")} ${fields.sort()}`.trim();
  });
  return [...new Set(forms)].sort();
}

describe("The messages of a workload, as the options show them,", () => {
  test.each(WORKLOAD_NAMES.map((name) => [name]))("are those that a run of %s has", (name) => {
    const { messages } = runSimulated(name, challenge(name), {
      nodeCount: 2,
      concurrency: 4,
      rate: 20,
      timeLimitS: 10,
    });
    const bodies = messages.flatMap(({ type, message }) =>
      type === "recv" && message.body["type"] !== "error" ? [message] : [],
    );
    const requests = bodies.filter(({ src }) => src.startsWith("c")).map(({ body }) => body);
    const replies = bodies.filter(({ dest }) => dest.startsWith("c")).map(({ body }) => body);
    // Of the set-up: the library replies to it.
    const known = (body: object) => !/^(init|topology)/.test(`${Reflect.get(body, "type")}`);
    expect(formsOf(requests.filter(known))).toEqual(
      REQUESTS[name].map(({ type, fields }) => `${type} ${fields.toSorted()}`.trim()).sort(),
    );
    expect(formsOf(replies.filter(known))).toEqual(
      REQUESTS[name].map(({ type, reply }) => `${type}_ok ${reply.toSorted()}`.trim()).sort(),
    );
  });
});
