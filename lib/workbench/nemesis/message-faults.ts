/**
 * Faults of single messages. Loss and duplication concern messages between nodes only: clients and
 * services are reached over reliable connections. Maelstrom's network knows loss and slowness too,
 * but its command line cannot switch them on.
 */
import type { MessageFaults } from "../network/network.ts";
import type { FaultEnvironment, Injector } from "./injector.ts";

/** Every other message between nodes is lost. */
export function loss(environment: FaultEnvironment): Injector {
  return messageFault("lossProbability", "0.5", 0.5, environment);
}

/** Every other message between nodes arrives twice, each after a latency of its own. */
export function duplicate(environment: FaultEnvironment): Injector {
  return messageFault("duplicateProbability", "0.5", 0.5, environment);
}

/** Messages between servers take ten times as long, and 100 ms at least on average. */
export function slow(environment: FaultEnvironment): Injector {
  return messageFault("slowness", "10 times", 10, environment);
}

function messageFault(
  fault: keyof MessageFaults,
  description: string,
  value: number,
  { network }: FaultEnvironment,
): Injector {
  return {
    draw: () => description,
    start() {
      network.setFault(fault, value);
      return description;
    },
    async stop() {
      network.setFault(fault, undefined);
      return "network-reliable";
    },
    get effectCount() {
      return network.effectCount(fault);
    },
  };
}
