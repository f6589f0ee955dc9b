/**
 * Nodes that are wrong in one way each: what the fuzzer must find out. Serves one of them:
 *
 *   bun test/fuzz/broken.ts NAME
 */
import * as v from "valibot";
import { echo } from "../../challenges/echo.ts";
import { type KVNode, type Program, serve, stringifyJson } from "../../lib/vortex/index.ts";
import { every, withHandler, withReplies } from "../broken/intercept.ts";

interface BrokenNode {
  readonly program: Program;
  /** What the fuzzer says of it. */
  readonly shows: RegExp;
  /** What happens as the process begins, and besides the program. */
  readonly setUp?: () => void;
  /** Whether it shows in a node in the test's process as well. */
  readonly isInProcess: boolean;
  /** How long to wait for what it owes, in ms, if that takes all of the time. */
  readonly patienceMs?: number;
}

/** An echo node that does something now and then, before it answers. */
const nowAndThen = (deed: (node: KVNode) => void, nth = 50): Program =>
  withHandler(echo, "echo", (node) => {
    const isDue = every(nth);
    return (_request, proceed) => {
      if (isDue()) deed(node);
      return proceed();
    };
  });

export const BROKEN_NODES: Readonly<Record<string, BrokenNode>> = {
  "leaves every 50th request without an answer": {
    program: withHandler(echo, "echo", () => {
      const isIgnored = every(50);
      return (_request, proceed) => (isIgnored() ? undefined : proceed());
    }),
    shows: /^No answer to \{.*"echo"/,
    patienceMs: 5000,
    isInProcess: true,
  },
  "answers every 50th request twice": {
    program: withHandler(echo, "echo", (node) => {
      const isTwice = every(50);
      return async (request, proceed) => {
        await proceed();
        if (isTwice()) node.send(request.src, { type: "echo_ok", in_reply_to: request.msg_id });
      };
    }),
    shows: /^A second answer, or one to nothing/,
    isInProcess: true,
  },
  "answers what is no request": {
    program: (node) => {
      echo(node);
      let isInitialized = false;
      node.onInit(() => {
        isInitialized = true;
      });
      const receive = node.receive.bind(node);
      node.receive = (message) => {
        receive(message);
        const { in_reply_to } = message.body;
        if (!isInitialized || typeof in_reply_to !== "number") return;
        node.send(message.src, { type: "error", in_reply_to });
      };
    },
    shows: /^A second answer, or one to nothing/,
    isInProcess: true,
  },
  "takes 1.0 for 1": {
    program: withReplies(echo, "echo_ok", () => (body) => ({
      ...body,
      echo: JSON.parse(stringifyJson(body["echo"]).replace(/^1\.0$/, "1")),
    })),
    shows: /^\{"type":"echo_ok","echo":1,.* to \{.*"echo":1\.0/,
    isInProcess: true,
  },
  "loses the key __proto__": {
    program: withReplies(echo, "echo_ok", () => (body) => {
      const { echo: value } = body;
      const isPlain = typeof value === "object" && value !== null && "__proto__" in value;
      return isPlain && !Array.isArray(value) ? { ...body, echo: Object.assign({}, value) } : body;
    }),
    shows: /^\{"type":"echo_ok","echo":\{.* to \{.*"__proto__"/,
    isInProcess: true,
  },
  "answers with crash (13) to what is wrong": {
    program: (node) => {
      node.handle("echo", v.object({}), ({ body }) => {
        throw new TypeError(`Cannot echo ${stringifyJson(body)}`);
      });
    },
    shows: /"code":13.* to \{/,
    isInProcess: true,
  },
  "sends a message that nobody asked for": {
    program: nowAndThen((node) => node.send("n9", { type: "hello" })),
    shows: /^A message that nobody asked for, to n9/,
    isInProcess: true,
  },
  "prints a remark on stdout": {
    program: nowAndThen(() => console.log("echoing")),
    shows: /^On stdout, not JSON: .*: echoing$/,
    isInProcess: false,
  },
  "leaves a line of its output without an end": {
    program: echo,
    setUp: () => process.on("exit", () => console.write('{"src":"n0"')),
    shows: /^A line without its end: \{"src":"n0"$/,
    isInProcess: false,
  },
  "ends when it should echo an array": {
    program: withHandler(echo, "echo", () => (request, proceed) => {
      if (Array.isArray((request.body as { echo: unknown }).echo)) process.exit(0);
      return proceed();
    }),
    shows: /^It ended before its input did$/,
    isInProcess: false,
  },
  "dies of what nobody catches": {
    program: nowAndThen(() => {
      setTimeout(() => {
        throw new Error("nobody catches this");
      });
    }),
    shows: /^It ended with code 1$/,
    isInProcess: false,
  },
  "hangs at the 50th request": {
    program: nowAndThen(() => {
      for (;;);
    }),
    shows: /^No answer to /,
    patienceMs: 5000,
    isInProcess: false,
  },
  "does not end when its input does": {
    program: echo,
    setUp: () => setInterval(() => {}, 1000),
    shows: /^It did not end at the end of its input$/,
    patienceMs: 5000,
    isInProcess: false,
  },
  "keeps what it was sent": {
    program: withHandler(echo, "echo", () => {
      const kept: unknown[] = [];
      return (request, proceed) => {
        kept.push(request, new Uint8Array(1e6).fill(1));
        return proceed();
      };
    }),
    shows: /^It uses \d+ bytes when it is left alone, more than/,
    patienceMs: 5000,
    isInProcess: false,
  },
};

if (import.meta.main) {
  const [name = ""] = process.argv.splice(2, 1);
  const broken = BROKEN_NODES[name];
  if (broken === undefined) throw new Error(`There is no broken node that "${name}"`);
  broken.setUp?.();
  await serve(broken.program);
}
