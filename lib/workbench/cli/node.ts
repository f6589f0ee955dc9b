/** `vortex node`: runs a program as a node of a cluster, on this host. */
import { hostname } from "node:os";
import { Command } from "commander";
import { SERVICES } from "../../services/index.ts";
import type { NodeId } from "../../vortex/index.ts";
import { systemClock } from "../../vortex/serve.ts";
import { isClusterName } from "../hosts/wire.ts";
import { InvalidOptions } from "../invalid-options.ts";
import { shellCommand } from "../shell.ts";
import { executable } from "./executable.ts";
import { Interrupted, interruptible } from "./interrupt.ts";
import { remark } from "./live.ts";
import { addNatsFlags, type NatsFlags, natsOptions } from "./nats-flags.ts";
import { nodeDataOf } from "./node-data.ts";
import { list, positiveInteger } from "./parsers.ts";
import { requireNodeNames } from "./test-flags.ts";

interface Flags extends NatsFlags {
  readonly cluster: string;
  readonly name: NodeId;
  readonly nodes: readonly NodeId[];
  readonly replicas?: number;
}

export function nodeCommand(): Command {
  const command = new Command("node")
    .description("run a program as a node of a cluster, on this host, for tests over NATS")
    .argument("[program...]", "the program and its arguments, after --");
  return addNatsFlags(command, { purpose: "servers that connect the cluster", isRequired: true })
    .requiredOption("--cluster <name>", "name of the cluster", clusterName)
    .requiredOption("--name <name>", "name of this node")
    .requiredOption("--nodes <names>", "names of all nodes, separated by commas", list)
    .option(
      "--replicas <n>",
      "servers that hold a copy of what the services store (default: 3, or 1 if the server is alone)",
      positiveInteger,
    )
    .addHelpText("after", HELP)
    .action(runNode);
}

const HELP = `
The node starts when a test begins, and anew for each test: see vortex test
--nats. Until then, and between tests, this command waits.

Example:
  vortex node --nats nats://10.0.0.1:4222 --cluster demo --name n0 --nodes n0,n1,n2 -- dist/kafka`;

/** Parses the name of a cluster. */
export function clusterName(name: string): string {
  if (isClusterName(name)) return name;
  throw new InvalidOptions(
    `--cluster "${name}": use up to 40 letters, digits, - and _, as in --cluster demo`,
  );
}

async function runNode(words: readonly string[], flags: Flags): Promise<void> {
  const { cluster, name, nodes, replicas } = flags;
  const [program, ...args] = words;
  if (program === undefined) {
    throw new InvalidOptions(
      `Name the program after --, as in vortex node … --name ${name} -- dist/kafka`,
    );
  }
  const bin = executable(program, { flag: "--" });
  requireNodeNames(nodes);
  if (!nodes.includes(name)) {
    throw new InvalidOptions(`--name ${name} is not among --nodes ${nodes.join()}`);
  }
  const servers = natsOptions(flags);
  if (servers === undefined) throw new InvalidOptions("--nats is missing");
  // Only here: with NATS's client, every command would start later.
  const { NatsBus } = await import("../hosts/bus.ts");
  const { Sidecar } = await import("../hosts/sidecar.ts");
  const { connectNats } = await import("../nats/connection.ts");
  const { SECRET_VARIABLES } = await import("../nats/credentials.ts");
  const { createServices, isServiceName, removeServices } = await import(
    "../nats/services/index.ts"
  );
  await interruptible(async (signal) => {
    const nats = await connectNats(servers, {
      name: `vortex node ${cluster} ${name}`,
      onRemark: remark,
      isPatient: true,
      signal,
    });
    // The program has no business with them.
    for (const variable of SECRET_VARIABLES) delete process.env[variable];
    const { connection } = nats;
    const nameOf = (test: string) => `${cluster}-${test}`;
    const sidecar = new Sidecar({
      bus: new NatsBus(nats),
      clock: systemClock,
      cluster,
      node: name,
      nodeIds: nodes,
      bin,
      args,
      place: { host: hostname(), pid: process.pid },
      instance: crypto.randomUUID(),
      command: shellCommand([program, ...args]),
      serviceIds: Object.keys(SERVICES),
      openServices: async (test) => {
        const more = replicas === undefined ? {} : { replicas };
        const services = await createServices(connection, { cluster: nameOf(test), ...more });
        return {
          handle: async (service, body) =>
            isServiceName(service) ? services.handle(service, body) : undefined,
        };
      },
      removeServices: (test) => removeServices(connection, nameOf(test)),
      makeData: () => nodeDataOf(undefined),
      onRemark: remark,
    });
    try {
      await sidecar.open();
      remark(`${name} of cluster "${cluster}" waits for tests. Ctrl-C ends it`);
      await Promise.race([sidecar.over, aborted(signal)]);
    } catch (error) {
      // Ending it is the way to end it.
      if (!(error instanceof Interrupted)) throw error;
    } finally {
      await sidecar.close();
      await nats.close();
    }
  });
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  });
}
