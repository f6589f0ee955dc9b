import { describe, expect, test } from "bun:test";
import type { Json } from "../../../../lib/vortex/index.ts";
import { Scheduler } from "../../../../lib/workbench/clusters/scheduler.ts";
import type { Delivery } from "../../../../lib/workbench/network/delivery.ts";
import type { Grudge } from "../../../../lib/workbench/network/grudge.ts";
import { Journal, type JournalEvent } from "../../../../lib/workbench/network/journal.ts";
import type { Latency } from "../../../../lib/workbench/network/latency.ts";
import { Network } from "../../../../lib/workbench/network/network.ts";
import { randomStream } from "../../../../lib/workbench/random.ts";

/** A network of two nodes, a service and a client, in virtual time. */
class TestNetwork {
  readonly scheduler = new Scheduler();
  readonly events: JournalEvent[] = [];
  readonly journal = new Journal([(event) => this.events.push(event)]);
  readonly network: Network;
  readonly overloads: string[] = [];
  /** Deliveries, as "dest body at ms". */
  readonly delivered: string[] = [];

  constructor(latency: Partial<Latency> = {}, dropLateReplies = false) {
    this.network = new Network({
      clock: this.scheduler,
      random: randomStream(1, "network"),
      latency: { meanMs: 0, distribution: "constant", ...latency },
      nodeIds: ["n0", "n1"],
      dropLateReplies: () => dropLateReplies,
      journal: this.journal,
      zeroMs: () => 0,
      onOverload: (reason) => this.overloads.push(reason),
    });
    for (const id of ["n0", "n1", "seq-kv", "c0"]) {
      this.network.connect(id, (delivery) => this.note(delivery));
    }
  }

  note({ dest, body }: Delivery): void {
    this.delivered.push(`${dest} ${body["text"]} at ${this.scheduler.nowMs()}`);
  }

  /** Drops in the journal, as "dest text: reason at ms". */
  get drops(): readonly string[] {
    return this.events.flatMap((event) => {
      if (event.type !== "drop") return [];
      const { dest, body } = event.message;
      return [`${dest} ${body["text"]}: ${event.reason} at ${event.time / 1e6}`];
    });
  }

  send(src: string, dest: string, text: Json): void {
    this.network.send(src, dest, { text });
  }

  /** Runs a task at a virtual time. */
  at(ms: number, task: () => void): void {
    this.scheduler.after(ms - this.scheduler.nowMs(), task);
  }

  run(): readonly string[] {
    while (this.scheduler.step());
    return this.delivered;
  }
}

function refusing(dest: string, ...sources: string[]): Grudge {
  return new Map([[dest, new Set(sources)]]);
}

describe("Network", () => {
  test("delivers between nodes after the latency", () => {
    const net = new TestNetwork({ meanMs: 100 });
    net.send("n0", "n1", "hello");
    expect(net.run()).toEqual(["n1 hello at 100"]);
  });

  test("delays messages between nodes and services, and from a node to itself", () => {
    const net = new TestNetwork({ meanMs: 100 });
    net.send("n0", "seq-kv", "ask");
    net.send("n0", "n0", "self");
    expect(net.run()).toEqual(["seq-kv ask at 100", "n0 self at 100"]);
  });

  test("delivers messages from and to clients at once", () => {
    const net = new TestNetwork({ meanMs: 100 });
    net.send("c0", "n0", "request");
    net.send("n0", "c0", "reply");
    expect(net.run()).toEqual(["n0 request at 0", "c0 reply at 0"]);
  });

  test("overlaps the delays of messages to one receiver", () => {
    const net = new TestNetwork({ meanMs: 100 });
    net.send("n0", "n1", 1);
    net.at(30, () => net.send("n0", "n1", 2));
    expect(net.run()).toEqual(["n1 1 at 100", "n1 2 at 130"]);
  });

  test("makes a client's request wait behind a message with a later deadline", () => {
    const net = new TestNetwork({ meanMs: 100 });
    net.send("n0", "n1", "gossip");
    net.at(10, () => net.send("c0", "n1", "request"));
    expect(net.run()).toEqual(["n1 gossip at 100", "n1 request at 100"]);
  });

  test("delivers to one receiver while another waits", () => {
    const net = new TestNetwork({ meanMs: 100 });
    net.send("n0", "n1", "gossip");
    net.at(10, () => net.send("c0", "n0", "request"));
    expect(net.run()).toEqual(["n0 request at 10", "n1 gossip at 100"]);
  });

  test("drops a message that a partition blocks when it is dequeued", () => {
    const net = new TestNetwork();
    net.network.partition("partition", refusing("n1", "n0"));
    net.send("n0", "n1", "lost");
    expect(net.run()).toEqual([]);
    expect(net.network.effectCount("partition")).toBe(1);
  });

  test("cuts links in one direction", () => {
    const net = new TestNetwork();
    net.network.partition("partition", refusing("n1", "n0"));
    net.send("n1", "n0", "through");
    expect(net.run()).toEqual(["n0 through at 0"]);
  });

  test("delivers a message dequeued before the partition starts", () => {
    const net = new TestNetwork({ meanMs: 100 });
    net.send("n0", "n1", "sleeping");
    net.at(50, () => net.network.partition("partition", refusing("n1", "n0")));
    expect(net.run()).toEqual(["n1 sleeping at 100"]);
  });

  test("drops a message sent before the partition but dequeued during it", () => {
    const net = new TestNetwork({ meanMs: 100 });
    net.send("n0", "n1", "first");
    net.send("n0", "n1", "second");
    net.at(50, () => net.network.partition("partition", refusing("n1", "n0")));
    expect(net.run()).toEqual(["n1 first at 100"]);
  });

  test("delivers a message sent during the partition but dequeued after it", () => {
    const net = new TestNetwork({ meanMs: 100 });
    net.send("n0", "n1", "first");
    net.at(10, () => net.network.partition("partition", refusing("n1", "n0")));
    net.at(20, () => net.send("n0", "n1", "second"));
    net.at(90, () => net.network.heal("partition"));
    expect(net.run()).toEqual(["n1 first at 100", "n1 second at 120"]);
  });

  test("numbers messages from 0 in the order of sending", () => {
    const net = new TestNetwork();
    net.send("n0", "n1", "a");
    net.send("n1", "n0", "b");
    net.run();
    expect(net.events.filter(({ type }) => type === "send").map((e) => e.message.id)).toEqual([
      0, 1,
    ]);
  });

  test("journals a dropped message as sent, not as received", () => {
    const net = new TestNetwork();
    net.network.partition("partition", refusing("n1", "n0"));
    net.send("n0", "n1", "lost");
    net.run();
    expect(net.journal.servers).toEqual({ sendCount: 1, recvCount: 0, msgCount: 1 });
  });

  test("journals why a message was dropped: a partition, of either kind", () => {
    const net = new TestNetwork({ meanMs: 100 });
    net.network.partition("one-way-partition", refusing("n1", "n0"));
    net.send("n0", "n1", "cut");
    net.send("n1", "n0", "through");
    net.run();
    expect(net.drops).toEqual(["n1 cut: partition at 0"]);
  });

  test("journals why a message was dropped: the loss fault", () => {
    const net = new TestNetwork();
    net.network.setFault("loss", { kind: "loss", value: 1 });
    net.send("n0", "n1", "lost");
    net.run();
    expect(net.drops).toEqual(["n1 lost: loss at 0"]);
  });

  test("journals why a message was dropped: its receiver was down when it arrived, or went down", () => {
    const net = new TestNetwork({ meanMs: 100 });
    net.send("n0", "n1", "under way");
    net.at(10, () => net.send("n0", "n1", "waiting"));
    net.at(50, () => net.network.takeDown("n1"));
    net.at(60, () => net.send("c0", "n1", "too late"));
    net.at(150, () => net.network.connect("n1", (delivery) => net.note(delivery)));
    net.at(200, () => net.send("c0", "n1", "restarted"));
    expect(net.run()).toEqual(["n1 restarted at 200"]);
    expect(net.drops).toEqual([
      "n1 too late: down at 60",
      "n1 under way: down at 100",
      "n1 waiting: down at 110",
    ]);
  });

  test("journals why a message was dropped: its client has left", () => {
    const net = new TestNetwork({}, true);
    net.network.disconnect("c0");
    net.send("n0", "c0", "late");
    expect(net.drops).toEqual(["c0 late: gone at 0"]);
  });

  test("journals neither arrival nor drop of a message that is in flight at the end", () => {
    const net = new TestNetwork({ meanMs: 100 });
    net.send("n0", "n1", "late");
    net.at(50, () => net.network.disconnect("n1"));
    net.run();
    expect(net.events.map(({ type }) => type)).toEqual(["send"]);
  });

  test("rejects a message from or to an unknown id, without journaling it", () => {
    const net = new TestNetwork();
    expect(() => net.send("n0", "n7", "?")).toThrow('Invalid dest: "n7"');
    expect(() => net.send("n7", "n0", "?")).toThrow('Invalid src: "n7"');
    expect(net.events).toEqual([]);
  });

  test("accepts any known id as src: senders are not checked", () => {
    const net = new TestNetwork();
    net.send("seq-kv", "n0", "spoofed");
    expect(net.run()).toEqual(["n0 spoofed at 0"]);
  });

  test("delivers the next message only when the receiver has accepted the last", async () => {
    const net = new TestNetwork();
    const { promise, resolve } = Promise.withResolvers<void>();
    net.network.connect("slow", (delivery) => {
      net.note(delivery);
      return promise;
    });
    net.send("n0", "slow", 1);
    net.send("n0", "slow", 2);
    expect(net.run()).toEqual(["slow 1 at 0"]);
    resolve();
    await promise;
    await Bun.sleep(0);
    expect(net.delivered).toEqual(["slow 1 at 0", "slow 2 at 0"]);
  });

  test("delivers nothing to a disconnected id", () => {
    const net = new TestNetwork({ meanMs: 100 });
    net.send("n0", "n1", "late");
    net.at(50, () => net.network.disconnect("n1"));
    expect(net.run()).toEqual([]);
  });

  test("rejects a message to a client that has left, as Maelstrom does", () => {
    const net = new TestNetwork();
    net.network.disconnect("c0");
    expect(() => net.send("n0", "c0", "late")).toThrow('"c0" has left the network');
  });

  test("drops a message to a client that has left if nodes may be paused", () => {
    const net = new TestNetwork({}, true);
    net.network.disconnect("c0");
    net.send("n0", "c0", "late");
    expect(net.run()).toEqual([]);
    expect(net.journal.clients).toEqual({ sendCount: 1, recvCount: 0, msgCount: 1 });
  });

  test("heals one partition while another stays", () => {
    const net = new TestNetwork();
    net.network.partition("one", refusing("n1", "n0"));
    net.network.partition("other", refusing("n0", "n1"));
    net.network.heal("one");
    net.send("n0", "n1", "through");
    net.send("n1", "n0", "lost");
    expect(net.run()).toEqual(["n1 through at 0"]);
  });

  test("loses the given fraction of messages between nodes, and counts them", () => {
    const net = new TestNetwork();
    net.network.setFault("loss", { kind: "loss", value: 0.5 });
    for (let index = 0; index < 1000; index++) net.send("n0", "n1", index);
    const lost = 1000 - net.run().length;
    expect(Math.abs(lost - 500)).toBeLessThan(80);
    expect(net.network.effectCount("loss")).toBe(lost);
    expect(net.journal.servers.sendCount).toBe(1000);
  });

  test("delivers duplicated messages twice, under one id", () => {
    const net = new TestNetwork();
    net.network.setFault("duplicate", { kind: "duplicate", value: 1 });
    net.send("n0", "n1", "twice");
    expect(net.run()).toEqual(["n1 twice at 0", "n1 twice at 0"]);
    expect(net.journal.servers).toEqual({ sendCount: 1, recvCount: 2, msgCount: 1 });
  });

  test("neither loses nor duplicates messages of clients and services", () => {
    const net = new TestNetwork();
    net.network.setFault("loss", { kind: "loss", value: 1 });
    net.network.setFault("duplicate", { kind: "duplicate", value: 1 });
    net.send("c0", "n0", "request");
    net.send("n0", "seq-kv", "ask");
    net.send("seq-kv", "n0", "answer");
    expect(net.run()).toHaveLength(3);
  });

  test("multiplies the latency by ten when slow, to 100 ms at least", () => {
    const slow = (meanMs: number) => {
      const net = new TestNetwork({ meanMs });
      net.network.setFault("slow", { kind: "slow", value: 10 });
      net.send("n0", "n1", "late");
      return net.run();
    };
    expect(slow(50)).toEqual(["n1 late at 500"]);
    expect(slow(0)).toEqual(["n1 late at 100"]);
  });

  test("behaves as before once a fault has ended", () => {
    const net = new TestNetwork();
    net.network.setFault("loss", { kind: "loss", value: 1 });
    net.network.endFault("loss");
    net.send("n0", "n1", "through");
    expect(net.run()).toEqual(["n1 through at 0"]);
  });

  test.each(["uniform", "exponential"] as const)(
    "takes a mean of 0 as no delay: %s",
    (distribution) => {
      const net = new TestNetwork({ meanMs: 0, distribution });
      net.send("n0", "n1", "hello");
      expect(net.run()).toEqual(["n1 hello at 0"]);
    },
  );
});

describe("latency distributions", () => {
  function latencies(distribution: Latency["distribution"]): number[] {
    const net = new TestNetwork({ meanMs: 50, distribution });
    const seen: number[] = [];
    // One receiver each, as a receiver's queue would hold messages up.
    for (let index = 0; index < 2000; index++) {
      net.network.connect(`n1${index}`, () => void seen.push(net.scheduler.nowMs()));
      net.send("n0", `n1${index}`, "");
    }
    net.run();
    return seen;
  }

  function mean(values: readonly number[]): number {
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  }

  test("uniform draws whole ms from [0, 2 × mean)", () => {
    const values = latencies("uniform");
    expect(values.every((value) => Number.isInteger(value) && value >= 0 && value < 100)).toBe(
      true,
    );
    expect(Math.max(...values)).toBe(99);
    expect(mean(values)).toBeCloseTo(49.5, -1);
  });

  test("exponential draws whole ms of the given mean, with a long tail", () => {
    const values = latencies("exponential");
    expect(values.every(Number.isInteger)).toBe(true);
    expect(Math.abs(mean(values) - 49.5)).toBeLessThan(6);
    expect(Math.max(...values)).toBeGreaterThan(250);
  });
});

describe("Network that is flooded", () => {
  test("queues 250,000 messages per receiver, then names the receiver that does not keep up", () => {
    const net = new TestNetwork({ meanMs: 100 });
    for (let count = 0; count < 250_000; count++) net.send("n0", "n1", count);
    // The first is being delivered, so it does not wait.
    net.send("n0", "n1", "the last");
    expect(net.overloads).toEqual([]);
    net.send("seq-kv", "n1", "one too many");
    net.send("seq-kv", "n1", "another one");
    expect(net.overloads).toEqual([
      "n1 does not keep up: 250000 messages wait for it, and one more from seq-kv exceeds the limit",
    ]);
    expect(net.events.length).toBe(250_001);
  });

  test("queues messages of 128 Mi characters for all receivers together", () => {
    const net = new TestNetwork({ meanMs: 100 });
    const send = (src: string, dest: string, mebi: number) =>
      net.network.send(src, dest, { text: "long" }, mebi * 2 ** 20);
    for (const dest of ["n0", "n1", "n1"]) send("n0", dest, 0);
    send("n0", "n1", 100);
    send("n1", "n0", 28);
    expect(net.overloads).toEqual([]);
    send("n1", "n0", 1);
    expect(net.overloads).toEqual([
      expect.stringMatching(/^n1 .* 2 messages wait for it, .*from n1 exceeds the limit$/),
    ]);
  });

  test("stops counting messages once they are delivered or their receiver has left", () => {
    const net = new TestNetwork({ meanMs: 100 });
    for (let round = 0; round < 5; round++) {
      for (const _ of [1, 2]) net.network.send("n0", "n1", { text: "long" }, 2 ** 26);
      if (round % 2 === 0) net.run();
      else net.network.connect("n1", (delivery) => net.note(delivery));
    }
    net.run();
    net.network.disconnect("n1");
    for (const _ of [1, 2]) net.network.send("n0", "seq-kv", { text: "long" }, 2 ** 26);
    expect(net.overloads).toEqual([]);
  });
});

describe("Networks of several hosts", () => {
  /** The network of one of two hosts, each with one node; it forwards to the other. */
  function host(index: number, other: () => Network | undefined, events: JournalEvent[]): Network {
    return new Network({
      clock: new Scheduler(),
      random: randomStream(1, "network"),
      latency: { meanMs: 0, distribution: "constant" },
      nodeIds: ["n0", "n1"],
      journal: new Journal([(event) => events.push(event)]),
      zeroMs: () => 0,
      onOverload: () => {},
      elsewhere: {
        has: (id) => id === `n${1 - index}`,
        forward: (delivery, length) => other()?.accept(delivery, length),
      },
      ids: { first: index, step: 2 },
    });
  }

  test("record a message where it is sent, and deliver it where its receiver is", () => {
    const events: JournalEvent[][] = [[], []];
    const networks: Network[] = [];
    for (const index of [0, 1]) {
      networks.push(host(index, () => networks[1 - index], events[index] ?? []));
    }
    const delivered: number[] = [];
    for (const [index, network] of networks.entries()) {
      network.connect(`n${index}`, ({ id }) => void delivered.push(id));
    }
    networks[0]?.send("n0", "n1", {});
    networks[1]?.send("n1", "n0", {});
    networks[0]?.send("n0", "n1", {});
    expect(delivered).toEqual([0, 1, 2]);
    const typesOf = (all: readonly JournalEvent[] = []) =>
      all.map(({ type, message }) => `${type} ${message.id}`);
    expect(typesOf(events[0])).toEqual(["send 0", "recv 1", "send 2"]);
    expect(typesOf(events[1])).toEqual(["recv 0", "send 1", "recv 2"]);
  });

  test("cut a link at its receiver's end", () => {
    const events: JournalEvent[][] = [[], []];
    const networks: Network[] = [];
    for (const index of [0, 1]) {
      networks.push(host(index, () => networks[1 - index], events[index] ?? []));
    }
    for (const [index, network] of networks.entries()) network.connect(`n${index}`, () => {});
    networks[1]?.partition("cut", new Map([["n1", new Set(["n0"])]]));
    networks[0]?.send("n0", "n1", {});
    networks[1]?.send("n1", "n0", {});
    expect(events[1]?.map(({ type }) => type)).toEqual(["drop", "send"]);
    expect(events[0]?.map(({ type }) => type)).toEqual(["send", "recv"]);
    expect(networks[1]?.effectCount("cut")).toBe(1);
  });
});
