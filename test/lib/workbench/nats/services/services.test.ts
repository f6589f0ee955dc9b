import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { jetstream } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import fc from "fast-check";
import { LinearizableKv } from "../../../../../lib/services/linearizable.ts";
import { type AnyBody, type Json, parseJson } from "../../../../../lib/vortex/index.ts";
import { connectNats, type Nats } from "../../../../../lib/workbench/nats/connection.ts";
import {
  Bucket,
  HISTORY,
  type Publication,
} from "../../../../../lib/workbench/nats/services/bucket.ts";
import { Deadline } from "../../../../../lib/workbench/nats/services/deadline.ts";
import { BarrierFloor } from "../../../../../lib/workbench/nats/services/floor.ts";
import {
  createServices,
  removeServices,
  type ServiceName,
  type Services,
} from "../../../../../lib/workbench/nats/services/index.ts";
import { openBucket } from "../../../../../lib/workbench/nats/services/open-bucket.ts";
import { RevisionedKv } from "../../../../../lib/workbench/nats/services/revisioned-kv.ts";
import { describeNats, type NatsServer, startNats } from "../../../../support/nats.ts";
import { runs } from "../../../../support/runs.ts";
import { cas, read, requests, write } from "../../../../support/service-requests.ts";

setDefaultTimeout(60_000);

let server: NatsServer;
let nats: Nats;
let connection: NatsConnection;

async function startServer(): Promise<void> {
  server = await startNats();
  nats = await connectNats({ servers: [server.url] }, { name: "test", onRemark: () => {} });
  connection = nats.connection;
}

async function stopServer(): Promise<void> {
  await nats.close();
  await server[Symbol.asyncDispose]();
}

/** Sends requests one after another; returns the value read, `"ok"` or `"error CODE"` of each. */
async function replies(
  services: Services,
  name: ServiceName,
  ...bodies: AnyBody[]
): Promise<unknown[]> {
  const all: unknown[] = [];
  for (const body of bodies) {
    const { type, value, ts, code } = (await services.handle(name, body)) ?? {};
    all.push(
      type === "error" ? `error ${code}` : (value ?? ts ?? (type === "read_ok" ? null : "ok")),
    );
  }
  return all;
}

const KV_NAMES = ["lin-kv", "seq-kv", "lww-kv"] as const;

describeNats("services on a NATS server", () => {
  beforeAll(startServer);
  afterAll(stopServer);

  test("lin-kv replies to requests one after another as Maelstrom's does, whatever host they come from", async () => {
    const hosts = await Promise.all(
      ["n0", "n1", "n2"].map(() => createServices(connection, { cluster: "same" })),
    );
    let run = 0;
    await fc.assert(
      fc.asyncProperty(requests(), async (sent) => {
        const model = new LinearizableKv();
        const prefix = run++;
        for (const [client, request] of sent.slice(0, 60)) {
          // Each run has keys of its own.
          const body: AnyBody = { ...request, key: [prefix, request["key"] as Json], msg_id: 3 };
          const host = hosts[Number(client.slice(1))];
          expect(await host?.handle("lin-kv", body)).toEqual(model.handle(client, body));
        }
      }),
      runs(10),
    );
  });

  test.each(KV_NAMES)("%s keeps keys of any JSON apart", async (name) => {
    const services = await createServices(connection, { cluster: "keys" });
    const keys: Json[] = [
      1,
      "1",
      parseJson("1.0") as Json,
      "__proto__",
      "\ud800",
      null,
      "k".repeat(5000),
      [1],
      {},
    ];
    for (const [index, key] of keys.entries()) await services.handle(name, write(key, index));
    expect(await replies(services, name, ...keys.map(read))).toEqual([...keys.keys()]);
  });

  test.each(KV_NAMES)("%s returns a value with all digits of its numbers", async (name) => {
    const services = await createServices(connection, { cluster: "values" });
    const value = parseJson('{"__proto__":9007199254740993,"x":[1.0,null,"\\ud800"]}') as Json;
    expect(await replies(services, name, write("a", value), read("a"))).toEqual(["ok", value]);
    expect(await replies(services, name, cas("a", value, 1), read("a"))).toEqual(["ok", 1]);
  });

  test("lww-kv ignores create_if_not_exists", async () => {
    const services = await createServices(connection, { cluster: "lww" });
    const create = cas("a", 0, 1, { create_if_not_exists: true });
    expect(await replies(services, "lww-kv", create, read("a"))).toEqual(["error 20", "error 20"]);
  });

  test("lin-kv lets one of many compare-and-sets on the same value succeed", async () => {
    const hosts = await Promise.all(
      [0, 1, 2].map(() => createServices(connection, { cluster: "race" })),
    );
    await hosts[0]?.handle("lin-kv", write("a", 0));
    const results = await Promise.all(
      Array.from({ length: 30 }, async (_, index) =>
        hosts[index % 3]?.handle("lin-kv", cas("a", 0, index + 1)),
      ),
    );
    const types = results.map((reply) => reply?.["type"]);
    expect(types.filter((type) => type === "cas_ok")).toHaveLength(1);
    expect(results.filter((reply) => reply?.["code"] === 22)).toHaveLength(29);
  });

  test("lin-kv does not repeat a compare-and-set that arrived late and may be forgotten", async () => {
    const { name } = await openBucket(connection, "late", 1);
    const bucket = new (class extends Bucket {
      #count = 0;

      override async publish(publication: Publication, timeoutMs: number) {
        if (publication.ifAt === undefined) return super.publish(publication, timeoutMs);
        this.#count++;
        if (this.#count === 1) return { type: "unknown", text: "no answer" } as const;
        if (this.#count > 2) return super.publish(publication, timeoutMs);
        // The message arrives, and then more changes of other clients than the bucket keeps.
        const late = await super.publish(publication, timeoutMs);
        expect(late.type).toBe("stored");
        const { key } = publication;
        for (let i = 0; i <= HISTORY; i++) await super.publish({ key, value: "0" }, timeoutMs);
        return super.publish(publication, timeoutMs);
      }
    })(connection, jetstream(connection), name);
    const kv = new RevisionedKv(bucket, new BarrierFloor(bucket));
    await kv.handle(write("a", 0), "1", new Deadline(5000));
    await expect(kv.handle(cas("a", 0, 1), "2", new Deadline(5000))).rejects.toThrow(
      "may or may not",
    );
    expect(await kv.handle(read("a"), "3", new Deadline(5000))).toMatchObject({ value: 0 });
  });

  test("lin-tso gives timestamps that grow from 0, each once, to all hosts", async () => {
    const hosts = await Promise.all(
      [0, 1].map(() => createServices(connection, { cluster: "tso" })),
    );
    const ts = (host: number) => hosts[host]?.handle("lin-tso", { type: "ts" });
    const [first, second] = [await ts(0), await ts(1)];
    expect([first?.["ts"], second?.["ts"]]).toEqual([0, 1]);
    const many = await Promise.all(Array.from({ length: 20 }, (_, index) => ts(index % 2)));
    const numbers = many.map((reply) => Number(reply?.["ts"]));
    expect(numbers.toSorted((one, other) => one - other)).toEqual(
      numbers.map((_, index) => index + 2),
    );
  });

  test("no service replies to an unknown type", async () => {
    const services = await createServices(connection, { cluster: "types" });
    const names = [...KV_NAMES, "lin-tso"] as const;
    expect(
      await Promise.all(names.map((name) => services.handle(name, { type: "list", msg_id: 1 }))),
    ).toEqual(names.map(() => undefined));
  });

  test("a value larger than the server accepts is refused with abort (14), and why", async () => {
    const services = await createServices(connection, { cluster: "large" });
    const reply = await services.handle("lin-kv", write("a", "x".repeat(2_000_000)));
    expect(reply).toMatchObject({ type: "error", code: 14 });
    expect(reply?.["text"]).toContain("max_payload of the NATS server, 1048576 bytes");
    expect(await replies(services, "lin-kv", read("a"))).toEqual(["error 20"]);
  });

  test("a value that a person sets with nats kv put is read as JSON, or else as a string", async () => {
    const services = await createServices(connection, { cluster: "person" });
    connection.publish("$KV.vortex-person-lin-kv.5", "[1]");
    connection.publish("$KV.vortex-person-lin-kv.6", "one");
    expect(await replies(services, "lin-kv", read(5), read(6))).toEqual([[1], "one"]);
  });

  test("requests on a connection that was closed end with errors", async () => {
    const other = await connectNats({ servers: [server.url] }, { name: "other", onRemark() {} });
    const services = await createServices(other.connection, { cluster: "closed", timeoutMs: 50 });
    await other.close();
    const names = ["lin-kv", "seq-kv", "lww-kv"] as const;
    const sent = names.map((name) => replies(services, name, read("a"), write("a", 1)));
    expect(await Promise.all(sent)).toEqual(names.map(() => ["error 11", "error 0"]));
    expect(await replies(services, "lin-tso", { type: "ts" })).toEqual(["error 11"]);
  });

  test("clusters of different names share nothing", async () => {
    const [one, other] = await Promise.all(
      ["one", "other"].map((cluster) => createServices(connection, { cluster })),
    );
    await one?.handle("lin-kv", write("a", 1));
    expect(await other?.handle("lin-kv", read("a"))).toMatchObject({ code: 20 });
  });

  test("services that are removed answer temporarily-unavailable (11), and are empty when created again", async () => {
    const services = await createServices(connection, { cluster: "gone", timeoutMs: 100 });
    await services.handle("lin-kv", write("a", 1));
    await removeServices(connection, "gone");
    await removeServices(connection, "gone");
    expect(await replies(services, "lin-kv", read("a"), write("a", 2))).toEqual([
      "error 11",
      "error 11",
    ]);
    const again = await createServices(connection, { cluster: "gone" });
    expect(await replies(again, "lin-kv", read("a"))).toEqual(["error 20"]);
  });

  test.each([
    // The buckets are created at once, and the first one that is refused is named.
    [
      { cluster: "three", replicas: 3 },
      /^Cannot create bucket vortex-three-\S+ with 3 replicas \(/,
    ],
    [{ cluster: "a.b" }, /^"a\.b" cannot be the name of a cluster: use up to 128 letters/],
  ])("createServices refuses %j", async (options, text) => {
    await expect(createServices(connection, options)).rejects.toThrow(text);
  });
});

describeNats("services without JetStream", () => {
  test("createServices says how to start a server with it", async () => {
    await using plain = await startNats({ jetstream: false });
    const nats = await connectNats({ servers: [plain.url] }, { name: "test", onRemark: () => {} });
    await expect(createServices(nats.connection, { cluster: "a" })).rejects.toThrow(
      "start it with -js, or enable it in its configuration",
    );
    // There is nothing to remove.
    await removeServices(nats.connection, "a");
    await nats.close();
  });
});

describeNats("services on a server that crashes", () => {
  beforeAll(startServer);
  afterAll(stopServer);

  test("answer within their time, and go on with what they held when it is back", async () => {
    const services = await createServices(connection, { cluster: "crash", timeoutMs: 500 });
    expect(await replies(services, "lin-kv", write("a", 1))).toEqual(["ok"]);
    await server.kill();
    const [read1, write1] = await Promise.all([
      services.handle("lin-kv", read("a")),
      services.handle("lin-kv", write("a", 2)),
    ]);
    expect(read1).toMatchObject({ type: "error", code: 11 });
    expect(write1).toMatchObject({ type: "error", code: 0 });
    await server.start();
    let reply = await services.handle("lin-kv", read("a"));
    while (reply?.["type"] !== "read_ok") reply = await services.handle("lin-kv", read("a"));
    expect(reply?.["value"]).toBeOneOf([1, 2]);
  });
});
