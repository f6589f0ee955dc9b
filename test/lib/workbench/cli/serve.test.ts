/** `vortex serve` as a process: which addresses reach it, and hostile requests. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { spawnVortex, temporaryDirectory } from "../../../support/processes/vortex.ts";
import { gossipRun, resultsOf } from "../../../support/report/report-run.ts";

setDefaultTimeout(60_000);

describe("vortex serve", () => {
  const store = join(temporaryDirectory(), "store");
  const RUN = "/broadcast/20260501T103000.000%2B0000/";
  let server: ReturnType<typeof spawnVortex>;
  let port = 0;

  beforeAll(async () => {
    gossipRun().store(join(store, "broadcast/20260501T103000.000+0000"), resultsOf(true));
    server = spawnVortex("serve", "--store", store, "--port", "0");
    const line = await firstLine(server.stderr);
    port = Number(/127\.0\.0\.1:(\d+)/.exec(line)?.[1]);
  });
  afterAll(async () => {
    server.kill("SIGINT");
    expect(await server.exited).toBe(0);
  });

  const get = (path: string, init: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${port}${path}`, init);

  test("answers on the loopback interface", async () => {
    expect((await get("/")).status).toBe(200);
  });

  test("cannot be reached through another interface of this machine", async () => {
    const others = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ internal, family }) => !internal && family === "IPv4");
    for (const { address } of [...others, { address: "127.0.0.2" }]) {
      await expect(reached(address, port)).resolves.toBe(false);
    }
    await expect(reached("127.0.0.1", port)).resolves.toBe(true);
  });

  test.each(["evil.example", "127.0.0.1.evil.example", "[::1]", "0.0.0.0"])(
    "refuses a request with the host %s",
    async (host) => {
      const answer = await raw(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      expect(answer).toStartWith("HTTP/1.1 403 ");
      expect(answer).not.toContain("20260501T103000");
    },
  );

  test.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])("refuses %s", async (method) => {
    expect((await get("/", { method })).status).toBe(405);
  });

  test.each(["/../../etc/passwd", "/broadcast/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd"])(
    "replies 404 to %s",
    async (target) => {
      const request = `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`;
      expect(await raw(request)).toStartWith("HTTP/1.1 404 ");
    },
  );

  test("survives addresses of 1 MB, truncated requests and garbage", async () => {
    await raw(`GET /${"x".repeat(2 ** 20)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    await raw("GET / HT", 200);
    await raw("\0\xff\xfe\r\n\r\n");
    expect((await get("/")).status).toBe(200);
  });

  test("sends a hundred concurrent readers the same report", async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => get(RUN)));
    const pages = await Promise.all(answers.map((answer) => answer.text()));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(new Set(pages).size).toBe(1);
  });

  test("continues after a broken run", async () => {
    const directory = join(store, "echo/20260501T103000.000+0000");
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "test.json"), "{");
    const answer = await get("/echo/20260501T103000.000%2B0000/");
    expect(answer.status).toBe(500);
    expect(await answer.text()).toContain("test.json cannot be read");
    expect((await get("/")).status).toBe(200);
  });

  /** Sends raw bytes. Returns what arrives until the connection closes, or until the limit. */
  async function raw(request: string, limitMs = 30_000): Promise<string> {
    let answer = "";
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_, bytes) => {
          answer += Buffer.from(bytes).toString();
        },
        close: () => resolve(),
        error: () => resolve(),
      },
    });
    socket.write(request);
    await Promise.race([ended, Bun.sleep(limitMs)]);
    socket.terminate();
    return answer;
  }
});

async function reached(hostname: string, port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname, port, socket: { data() {} } });
    socket.terminate();
    return true;
  } catch {
    return false;
  }
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes("\n")) break;
  }
  return text;
}
