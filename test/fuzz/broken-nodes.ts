/**
 * Nodes with one bug each, which the fuzzer must find. Serves one of them:
 *
 *   bun test/fuzz/broken-nodes.ts NAME
 */
import * as v from "valibot";
import { echo } from "../../challenges/echo.ts";
import { type KVNode, type Program, serve, stringifyJson } from "../../lib/vortex/index.ts";
import { every, withHandler, withReplies } from "../broken/intercept.ts";

interface BrokenNode {
  readonly program: Program;
  /** Matches the problem that the fuzzer reports. */
  readonly shows: RegExp;
  /** Runs when the process starts, beside the program. */
  readonly setUp?: () => void;
  /** Whether the in-process fuzzer finds it too. */
  readonly isInProcess: boolean;
  /** How long to wait for a reply or for the exit, in ms, if the bug is that none comes. */
  readonly patienceMs?: number;
}

/** An echo node that does something at every nth request, before it replies. */
const everyNth = (act: (node: KVNode) => void, nth = 50): Program =>
  withHandler(echo, "echo", (node) => {
    const isDue = every(nth);
    return (_request, proceed) => {
      if (isDue()) act(node);
      return proceed();
    };
  });

export const BROKEN_NODES: Readonly<Record<string, BrokenNode>> = {
  "ignores every 50th request": {
    program: withHandler(echo, "echo", () => {
      const isIgnored = every(50);
      return (_request, proceed) => (isIgnored() ? undefined : proceed());
    }),
    shows: /^No reply to \{.*"echo"/,
    patienceMs: 5000,
    isInProcess: true,
  },
  "replies to every 50th request twice": {
    program: withHandler(echo, "echo", (node) => {
      const isTwice = every(50);
      return async (request, proceed) => {
        const reply = await proceed();
        if (isTwice()) node.send(request.src, { type: "echo_ok", in_reply_to: request.msg_id });
        return reply;
      };
    }),
    shows: /^Reply without an open request/,
    isInProcess: true,
  },
  "replies to replies": {
    program: (node) => {
      const receive = node.receive.bind(node);
      node.receive = (message) => {
        receive(message);
        const { in_reply_to } = message.body;
        if (typeof in_reply_to === "number") node.send(message.src, { type: "error", in_reply_to });
      };
      return echo(node);
    },
    shows: /^Reply without an open request/,
    isInProcess: true,
  },
  "echoes 1.0 as 1": {
    program: withReplies(echo, "echo_ok", () => (body) => ({
      ...body,
      echo: JSON.parse(stringifyJson(body["echo"]).replace(/^1\.0$/, "1")),
    })),
    shows: /^Wrong reply \{"type":"echo_ok","echo":1,.* to \{.*"echo":1\.0/,
    isInProcess: true,
  },
  "drops the key __proto__": {
    program: withReplies(echo, "echo_ok", () => (body) => {
      const { echo: value } = body;
      const isPlain = typeof value === "object" && value !== null && "__proto__" in value;
      return isPlain && !Array.isArray(value) ? { ...body, echo: Object.assign({}, value) } : body;
    }),
    shows: /^Wrong reply \{"type":"echo_ok","echo":\{.* to \{.*"__proto__"/,
    isInProcess: true,
  },
  "replies with crash (13) to malformed requests": {
    program: (node) => {
      node.handle("echo", v.object({}), ({ body }) => {
        throw new TypeError(`Cannot echo ${stringifyJson(body)}`);
      });
    },
    shows: /"code":13.* to \{/,
    isInProcess: true,
  },
  "sends an unsolicited message": {
    program: everyNth((node) => node.send("n9", { type: "hello" })),
    shows: /^Unexpected message to n9/,
    isInProcess: true,
  },
  "prints debug text on stdout": {
    program: everyNth(() => console.log("echoing")),
    shows: /^Invalid line on stdout, not JSON: .*: echoing$/,
    isInProcess: false,
  },
  "leaves its last line incomplete": {
    program: echo,
    setUp: () => process.on("exit", () => console.write('{"src":"n0"')),
    shows: /^Incomplete last line: \{"src":"n0"$/,
    isInProcess: false,
  },
  "exits when it should echo an array": {
    program: withHandler(echo, "echo", () => (request, proceed) => {
      if (Array.isArray((request.body as { echo: unknown }).echo)) process.exit(0);
      return proceed();
    }),
    shows: /^The node exited before the end of its input$/,
    isInProcess: false,
  },
  "dies of an uncaught error": {
    program: everyNth(() => {
      setTimeout(() => {
        throw new Error("uncaught");
      });
    }),
    shows: /^The node exited with code 1$/,
    isInProcess: false,
  },
  "hangs at the 50th request": {
    program: everyNth(() => {
      for (;;);
    }),
    shows: /^No reply to /,
    patienceMs: 5000,
    isInProcess: false,
  },
  "does not exit at the end of its input": {
    program: echo,
    setUp: () => setInterval(() => {}, 1000),
    shows: /^The node did not exit at the end of its input$/,
    patienceMs: 5000,
    isInProcess: false,
  },
  "leaks every request": {
    program: withHandler(echo, "echo", () => {
      const leaked: unknown[] = [];
      return (request, proceed) => {
        leaked.push(request, new Uint8Array(1e6).fill(1));
        return proceed();
      };
    }),
    shows: /^The idle node uses \d+ bytes, more than/,
    patienceMs: 5000,
    isInProcess: false,
  },
};

if (import.meta.main) {
  const [name = ""] = process.argv.splice(2, 1);
  const broken = BROKEN_NODES[name];
  if (broken === undefined) throw new Error(`Unknown broken node "${name}"`);
  broken.setUp?.();
  await serve(broken.program);
}
