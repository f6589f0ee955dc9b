/**
 * Faults of single messages.
 *
 * Loss and duplication affect messages between nodes only: connections to clients and services are
 * reliable. Maelstrom's network implements loss and slowness too, but has no flags for them.
 */
import type { MessageFaults } from "../network/network.ts";
import type { FaultEnvironment, Injector } from "./injector.ts";

/** Drops half of the messages between nodes. */
export function loss(environment: FaultEnvironment): Injector {
  return messageFault("lossProbability", "0.5", 0.5, environment);
}

/** Delivers half of the messages between nodes twice, each copy with its own latency. */
export function duplicate(environment: FaultEnvironment): Injector {
  return messageFault("duplicateProbability", "0.5", 0.5, environment);
}

/** Multiplies the mean latency between servers by ten, to 100 ms at least. */
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
