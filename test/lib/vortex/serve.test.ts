import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { parseJson } from "../../../lib/vortex/index.ts";
import { randomStream } from "../../../lib/workbench/random.ts";
import {
  binary,
  bodies,
  INIT,
  INIT_OK,
  line,
  NodeProcess,
  run,
  source,
} from "../../support/processes/node-process.ts";
import { simulationSeeds } from "../../support/seeds.ts";

// A safety net for a busy machine: no test here waits for a fixed time.
setDefaultTimeout(60_000);

const ECHO = binary("echo");
const PROBE = source("probe");

const echo = (id: number, value: unknown) => line({ type: "echo", msg_id: id, echo: value });
const echoOk = (id: number, value: unknown) => ({ type: "echo_ok", echo: value, in_reply_to: id });

/** Two replies of the echo node: to `init`, and to an echo of `"a"` with msg_id 2. */
const ALIVE = [INIT_OK, echoOk(2, "a")];

describe("serve", () => {
  test("replies, and ends with code 0 at the end of input", async () => {
    const { lines, stderr, exitCode } = await run(ECHO, INIT + echo(2, "a"));
    expect(lines).toEqual([
      '{"src":"n0","dest":"c1","body":{"type":"init_ok","in_reply_to":1}}',
      '{"src":"n0","dest":"c1","body":{"type":"echo_ok","echo":"a","in_reply_to":2}}',
    ]);
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  });

  test("ends with code 0 without any input", async () => {
    const { lines, stderr, exitCode } = await run(ECHO, "");
    expect({ lines, stderr, exitCode }).toEqual({ lines: [], stderr: "", exitCode: 0 });
  });

  test("replies to a request at once, while input continues", async () => {
    await using node = new NodeProcess(ECHO);
    node.write(INIT);
    expect(await node.next()).toEqual(INIT_OK);
    for (let id = 2; id < 20; id++) {
      node.write(echo(id, id));
      expect(await node.next()).toEqual(echoOk(id, id));
    }
  });

  test("accepts \\r\\n as a line break, and a last line without one", async () => {
    const input = (INIT + echo(2, "a")).replaceAll("\n", "\r\n").trimEnd();
    const { lines, stderr } = await run(ECHO, input);
    expect(bodies(lines)).toEqual(ALIVE);
    expect(stderr).toBe("");
  });

  test("joins lines and characters that are split across chunks", async () => {
    const bytes = Buffer.from(echo(2, "é😀\u2028"));
    await using node = new NodeProcess([
      "sh",
      "-c",
      // Writes each byte separately, so that the node may read them one by one.
      'for byte in "$@"; do printf "\\\\$byte"; done | "$0"',
      ...ECHO,
      ...[...Buffer.from(INIT), ...bytes].map((byte) => byte.toString(8).padStart(3, "0")),
    ]);
    expect(await node.next()).toEqual(INIT_OK);
    expect(await node.next()).toEqual(echoOk(2, "é😀\u2028"));
  });

  test("accepts a line of many megabytes", async () => {
    const long = 'é\\"1.0 😀'.repeat(400_000);
    const { lines, exitCode } = await run(ECHO, INIT + echo(2, long) + echo(3, "after"));
    const [, reply, after] = bodies(lines);
    expect(reply?.["echo"] === long).toBe(true);
    expect(after).toEqual(echoOk(3, "after"));
    expect(exitCode).toBe(0);
  });

  test("replies to a line of 100 MB in full, and releases its memory", async () => {
    await using node = new NodeProcess(ECHO);
    node.write(INIT);
    await node.next();
    const long = "x".repeat(1e8);
    node.write(echo(2, long));
    expect((await node.next())["echo"] === long).toBe(true);
    if (process.platform !== "linux") return;
    expect(node.maxMemoryBytes()).toBeLessThan(1.2e9);
    // Waits for the garbage collector, which runs when the process is idle.
    const untilMs = performance.now() + 40_000;
    while (node.memoryBytes() > 100e6 && performance.now() < untilMs) await Bun.sleep(50);
    expect(node.memoryBytes()).toBeLessThan(100e6);
  });

  test("skips a line of more than 2^27 characters in bounded memory, and continues", async () => {
    await using node = new NodeProcess(ECHO);
    node.write(INIT);
    await node.next();
    // In pieces, which the test does not keep either.
    const piece = `${echo(2, "within").trimEnd()}${"x".repeat(2 ** 20)}`;
    for (let count = 0; count < 1000; count++) await node.writeAll(piece);
    node.write(`\n${echo(3, "after")}`);
    expect(await node.next()).toEqual(echoOk(3, "after"));
    if (process.platform === "linux") expect(node.maxMemoryBytes()).toBeLessThan(700e6);
    node.endInput();
    const { stderr } = await node.ended();
    expect(stderr).toMatch(
      /^Skipping a line longer than 134217728 characters: \{"src".{190,200}\n$/,
    );
  });

  test.each([
    ["hello", /^Skipping a line, not JSON: .*: hello$/],
    ["", /^Skipping a line, not JSON: .*:$/],
    ["[1]", /^Skipping a line, not a message: it must be an object: \[1\]$/],
    ['{"src":"c1"}', /^Skipping a line, not a message: "dest" is missing; "body" is missing: /],
    [
      '{"src":"c1","dest":"n0","body":"echo"}',
      /^Skipping a line, not a message: "body" must be an object, but is "echo": /,
    ],
  ])("skips the line %j, and says on stderr why", async (bad, remark) => {
    const { lines, stderr, exitCode } = await run(ECHO, `${INIT}${bad}\n${echo(2, "a")}`);
    expect(bodies(lines)).toEqual(ALIVE);
    expect(stderr.trimEnd()).toMatch(remark);
    expect(exitCode).toBe(0);
  });

  test("logs only the beginning of a long line that it skips", async () => {
    const { stderr } = await run(ECHO, `${INIT}${"x".repeat(1_000_000)}\n`);
    expect(stderr.length).toBeLessThan(1000);
    expect(stderr).toContain("(1000000 characters)");
  });

  test("replies crash (13) to a request nested too deeply to send back, and continues", async () => {
    const deep = `${"[".repeat(100_000)}1.0${"]".repeat(100_000)}`;
    const input = INIT + echo(7, 0).replace('"echo":0', `"echo":${deep}`) + echo(2, "a");
    const { lines, stderr, exitCode } = await run(ECHO, input);
    expect(bodies(lines)).toEqual([
      INIT_OK,
      expect.objectContaining({ type: "error", code: 13, in_reply_to: 7 }),
      echoOk(2, "a"),
    ]);
    expect(stderr).toStartWith('Error in handler of "echo": RangeError');
    expect(exitCode).toBe(0);
  });

  test("writes all replies in the order of the requests, even if many arrive at once", async () => {
    const count = 50_000;
    const input = Array.from({ length: count }, (_, index) => echo(index, "x"));
    const { lines } = await run(ECHO, INIT + input.join(""));
    const ids = bodies(lines.slice(1)).map((body) => body["in_reply_to"]);
    expect(ids).toEqual(Array.from({ length: count }, (_, index) => index));
  });

  test("writes only messages to stdout, and only log lines to stderr", async () => {
    const input = INIT + line({ type: "crash", msg_id: 2 }) + line({ type: "abort", msg_id: 3 });
    const { lines, stderr } = await run(PROBE, `${input}oops\n`);
    expect(bodies(lines)).toEqual([
      INIT_OK,
      { type: "error", in_reply_to: 2, code: 13, text: "TypeError: x is not iterable" },
      { type: "error", in_reply_to: 3, code: 14, text: "not now" },
    ]);
    expect(stderr).toContain('Error in handler of "crash": TypeError: x is not iterable\n');
    expect(stderr).toContain("probe.ts");
    expect(stderr).toContain("Skipping a line");
  });

  test("draws different random numbers in each process, uniformly from [0, 1)", async () => {
    const draw = async () => {
      const { lines } = await run(PROBE, INIT + line({ type: "random", msg_id: 2 }));
      return bodies(lines)[1]?.["drawn"] as number[];
    };
    const [one, other] = await Promise.all([draw(), draw()]);
    const drawn = [...one, ...other];
    expect(new Set(drawn).size).toBe(2000);
    expect(drawn.every((number) => number >= 0 && number < 1)).toBe(true);
    // The mean of 2,000 uniform draws is farther than this from 1/2 once in 10^20 times.
    const mean = drawn.reduce((sum, number) => sum + number) / drawn.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.06);
  });
});

describe("The start of a node with few schemas", () => {
  // JavaScriptCore prints a line for each function that it compiles.
  const compiled = async (name: string, input: string) => {
    const env = { ...process.env, BUN_JSC_reportCompileTimes: "1" };
    const { lines, stderr } = await run(binary(name), input, { env });
    expect(lines[0]).toContain('"init_ok"');
    return [...stderr.matchAll(/^Optimized (\S+)#/gm)].map(([, name]) => name);
  };

  test.each(["echo", "unique-ids", "g-set"])("compiles nothing: %s", async (name) => {
    expect(await compiled(name, INIT)).toEqual([]);
  });

  test("is followed by compilation under load", async () => {
    const echoes = Array.from({ length: 1000 }, (_, id) => echo(id, id));
    expect(await compiled("echo", INIT + echoes.join(""))).not.toEqual([]);
  });
});

describe("serve on a pipe that is not read", () => {
  // STALL_MS=10000 stalls for longer.
  const stallMs = Number(process.env["STALL_MS"] ?? 1000);
  const count = 60_000;
  const payload = "y".repeat(1000);

  /** A node whose replies exceed a pipe, and are not read. */
  function flooded(): NodeProcess {
    const node = new NodeProcess(ECHO);
    node.write(INIT);
    for (let id = 2; id < count; id++) node.write(echo(id, payload));
    node.endInput();
    return node;
  }

  test("waits, and loses nothing once reading resumes", async () => {
    await using node = flooded();
    await Bun.sleep(stallMs);
    expect(await node.next()).toEqual(INIT_OK);
    for (let id = 2; id < count; id++) {
      const { in_reply_to, echo: echoed } = await node.next();
      if (in_reply_to !== id || echoed !== payload) throw new Error(`Reply ${id} is missing`);
    }
    expect(await node.ended()).toMatchObject({ exitCode: 0, stderr: "" });
  });

  test.skipIf(process.platform !== "linux")("keeps its memory bounded", async () => {
    await using node = flooded();
    await node.next();
    // Enough time for a node without back-pressure to read all 65 MB.
    await Bun.sleep(stallMs);
    expect(node.maxMemoryBytes()).toBeLessThan(90e6);
  });

  test("ends quietly with code 0 when the reader closes it", async () => {
    await using node = new NodeProcess(PROBE);
    node.write(INIT);
    await node.next();
    node.closeOutput();
    node.write(echo(2, "a"));
    expect(await node.ended()).toMatchObject({ exitCode: 0, signal: null, stderr: "" });
  });

  test("logs that output cannot be written, and ends with code 1", async () => {
    const { stderr, exitCode } = await run(["sh", "-c", '"$0" >/dev/full', ...ECHO], INIT);
    expect(stderr).toStartWith("Cannot write to stdout: ");
    expect(exitCode).toBe(1);
  });
});

describe("serve at the end of input", () => {
  test("lets handlers and their timers finish first", async () => {
    const input = INIT + line({ type: "sleep", msg_id: 2, ms: 300 });
    const { lines, exitCode } = await run(PROBE, input);
    expect(bodies(lines)).toEqual([INIT_OK, { type: "sleep_ok", isInTime: true, in_reply_to: 2 }]);
    expect(exitCode).toBe(0);
  });

  test("lets RPCs time out, and replies to their requests", async () => {
    const { lines, exitCode } = await run(PROBE, INIT + line({ type: "ask", msg_id: 2 }));
    expect(bodies(lines)).toMatchObject([
      INIT_OK,
      { type: "ping", msg_id: 1 },
      { type: "error", code: 0, in_reply_to: 2, text: 'No reply to "ping" from n1 within 50 ms' },
    ]);
    expect(exitCode).toBe(0);
  });
});

describe("serve on a signal", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("%s ends it with code 0, silently", async (signal) => {
    await using node = new NodeProcess(PROBE);
    node.write(INIT);
    await node.next();
    node.write('{"src":"c1","dest":"n0","bo'); // A line that is not finished is no one's fault.
    node.kill(signal);
    expect(await node.ended()).toMatchObject({ exitCode: 0, signal: null, stderr: "" });
  });

  test("finishes work in progress", async () => {
    await using node = new NodeProcess(PROBE);
    node.write(INIT + line({ type: "sleep", msg_id: 2, ms: 200 }) + echo(3, "a"));
    expect(await node.next()).toEqual(INIT_OK);
    expect(await node.next()).toEqual(echoOk(3, "a"));
    node.kill("SIGTERM");
    expect(await node.next()).toEqual({ type: "sleep_ok", isInTime: true, in_reply_to: 2 });
    expect(await node.ended()).toMatchObject({ exitCode: 0, signal: null });
  });

  test("ends at once on a second one", async () => {
    await using node = new NodeProcess(PROBE);
    node.write(INIT + line({ type: "busy", msg_id: 2 }));
    await node.next();
    await node.next();
    // Two signals in quick succession may arrive as one.
    for (; !node.hasEnded; await Bun.sleep(20)) node.kill("SIGTERM");
    expect(await node.ended()).toMatchObject({ signal: "SIGTERM" });
  });
});

describe("serve under a flood of input", () => {
  const count = 20_000;
  const flood =
    INIT + Array.from({ length: count }, (_, id) => echo(id + 2, "x".repeat(500))).join("");

  test.each(simulationSeeds(2))(
    "loses nothing when stopped and continued at random times, seed %d",
    async (seed) => {
      const random = randomStream(seed, "stops");
      await using node = new NodeProcess(ECHO);
      node.write(flood);
      node.endInput();
      expect(await node.next()).toEqual(INIT_OK);
      let isDone = false;
      const nemesis = (async () => {
        for (; !isDone; await Bun.sleep(20 * random.next())) {
          node.kill("SIGSTOP");
          await Bun.sleep(20 * random.next());
          node.kill("SIGCONT");
        }
      })();
      for (let id = 2; id < count + 2; id++) {
        const { in_reply_to } = await node.next();
        if (in_reply_to !== id) throw new Error(`Reply ${id} is missing`);
      }
      isDone = true;
      await nemesis;
      expect(await node.ended()).toMatchObject({ exitCode: 0, signal: null, stderr: "" });
    },
  );

  test.each(
    simulationSeeds(3).flatMap((seed) => [[seed, "SIGTERM"] as const, [seed, "SIGINT"] as const]),
  )("ends with whole lines only, seed %d, %s at a random moment", async (seed, signal) => {
    const random = randomStream(seed, signal);
    await using node = new NodeProcess(ECHO);
    node.write(flood);
    // Somewhere among the replies, or before the first.
    const heard = Math.floor(random.next() * count * 0.8);
    for (let line = 0; line < heard; line++) await node.next();
    node.kill(signal);
    let last = heard;
    try {
      for (; ; last++) {
        const { in_reply_to } = await node.next(); // Throws if a line is not a message.
        if (last > 0 && in_reply_to !== last + 1) throw new Error(`Reply ${last + 1} is missing`);
      }
    } catch (error) {
      expect(String(error)).toBe("Error: The node exited without sending another message");
    }
    expect(node.rest).toBe("");
    expect(await node.ended()).toMatchObject({ exitCode: 0, signal: null, stderr: "" });
  });
});

describe("serve ends within seconds", () => {
  test.concurrent("even if the program stays busy after the end of input", async () => {
    const { lines, exitCode } = await run(PROBE, INIT + line({ type: "busy", msg_id: 2 }));
    expect(bodies(lines)).toEqual([INIT_OK, { type: "busy_ok", in_reply_to: 2 }]);
    expect(exitCode).toBe(0);
  });

  test.concurrent("after a signal, even if its output is not read, and logs that", async () => {
    await using node = new NodeProcess(PROBE);
    node.write(INIT + line({ type: "burst" }));
    await node.next();
    await node.next(); // The first of many: the others do not fit into the pipe.
    node.kill("SIGTERM");
    expect(await node.ended()).toMatchObject({
      exitCode: 1,
      signal: null,
      stderr: "Exiting 6 s after a signal: stdout is not read, output is lost\n",
    });
  });
});

describe("serve under a flood of requests", () => {
  test("runs timers in time", async () => {
    const flood = echo(2, "x".repeat(60)).repeat(200_000);
    // cat keeps the pipe full, so the next chunk is always ready.
    const { lines } = await run(
      ["sh", "-c", 'cat | "$@"', "sh", ...PROBE],
      INIT + flood + line({ type: "ticks", msg_id: 3 }),
    );
    expect(lines).toHaveLength(200_002);
    const [ticks] = bodies(lines.slice(-1));
    // About 100 are usual; a node that never yields to timers has 3.
    expect(ticks?.["ticksAmongEchoes"]).toBeGreaterThan(20);
  });
});

describe("serve passes through unharmed", () => {
  test("any number, anywhere, as written", async () => {
    const number = fc.stringMatching(
      /^-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,24})?([eE][-+]?[0-9]{1,4})?$/,
    );
    const values = [
      "9007199254740993",
      "1.0",
      "1e400",
      "-0",
      '{"__proto__":{"a":1.0}}',
      '["\\ud800",{"a":[1.50]}]',
      ...fc.sample(number, 500),
    ];
    const input = values.map((text, id) => echo(id, 0).replace('"echo":0', `"echo":${text}`));
    const { lines } = await run(ECHO, INIT + input.join(""));
    expect(lines.slice(1)).toEqual(
      values.map(
        (text, id) =>
          `{"src":"n0","dest":"c1","body":{"type":"echo_ok","echo":${text},"in_reply_to":${id}}}`,
      ),
    );
  });

  test("a msg_id beyond 2^53, and one of 0", async () => {
    const id = parseJson("123456789012345678901234567890");
    const { lines } = await run(
      ECHO,
      INIT + echo(0, "a") + line({ type: "echo", msg_id: id, echo: 1 }),
    );
    expect(lines[1]).toEndWith('"in_reply_to":0}}');
    expect(lines[2]).toEndWith('"in_reply_to":123456789012345678901234567890}}');
  });
});

describe("serve with options", () => {
  async function options(...words: string[]) {
    const input = INIT + line({ type: "options", msg_id: 2 });
    const { lines, stderr, exitCode } = await run([...PROBE, ...words], input);
    return { options: bodies(lines)[1]?.["options"], stderr, exitCode };
  }

  test("passes the defaults to the program", async () => {
    expect(await options()).toEqual({
      options: { flushMs: 400, durable: true },
      stderr: "",
      exitCode: 0,
    });
  });

  test("passes the options of the command line to the program", async () => {
    expect(await options("--flush-ms", "1300", "--no-durable")).toMatchObject({
      options: { flushMs: 1300, durable: false },
      stderr: "",
    });
  });

  test("ignores unknown arguments, such as a mistyped dash, and logs each", async () => {
    expect(await options("–flush-ms=100", "x")).toEqual({
      options: { flushMs: 400, durable: true },
      stderr:
        'Ignoring "–flush-ms=100": the options are --flush-ms, --durable\n' +
        'Ignoring "x": the options are --flush-ms, --durable\n',
      exitCode: 0,
    });
  });

  test("ends with code 2 and a message before init, at an invalid value", async () => {
    const { lines, stderr, exitCode } = await run([...PROBE, "--flush-ms", "soon"], INIT);
    expect({ lines, stderr, exitCode }).toEqual({
      lines: [],
      stderr: '--flush-ms: The value must be a number, but is "soon"\n',
      exitCode: 2,
    });
  });
});
