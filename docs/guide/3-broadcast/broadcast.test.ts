import { expect, test } from "bun:test";
import { TestCluster } from "vortex/testing";
import { broadcast } from "./3-retry.ts";

test("a value reaches every node once a partition has healed", async () => {
  const cluster = new TestCluster({ program: broadcast });
  cluster.partition(["n0"], ["n1", "n2"]);
  await cluster.ask("n0", { type: "broadcast", message: 7 });
  await cluster.advance(5000); // Milliseconds.
  expect(cluster.droppedCount).toBeGreaterThan(0);

  cluster.heal();
  await cluster.advance(2000);
  for (const id of ["n0", "n1", "n2"]) {
    expect(await cluster.ask(id, { type: "read" })).toMatchObject({ messages: [7] });
  }
});
