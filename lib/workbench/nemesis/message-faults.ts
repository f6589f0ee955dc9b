/**
 * Faults of single messages.
 *
 * Loss and duplication affect messages between nodes only: connections to clients and services are
 * reliable. Maelstrom's network implements loss and slowness too, but has no flags for them.
 */
import type { Json, NodeId } from "../../vortex/index.ts";
import { pickOne } from "../../vortex/random.ts";
import {
  type FaultPart,
  type Injector,
  InvalidNemesis,
  type MessageFaultKind,
} from "./definition.ts";
import {
  affectTarget,
  type NamedTargets,
  namedTargets,
  RANDOM_TARGETS,
  type RandomTarget,
  type Target,
} from "./targets.ts";

/** Options of {@link loss} and {@link duplicate}. */
export interface ProbabilityOptions {
  /** Fraction of the messages that are affected; 0.5 by default. */
  readonly probability?: number;
  /**
   * Nodes whose messages are affected, in both directions; each start draws one of these. By default,
   * the messages between all nodes are.
   */
  readonly targets?: readonly Target[];
}

/** Options of {@link slow}. */
export interface SlowOptions {
  /** Factor on the mean latency, which becomes 100 ms at least; 10 by default. */
  readonly factor?: number;
  /**
   * Nodes whose messages are affected, in both directions; each start draws one of these. By default,
   * the messages between all nodes and services are.
   */
  readonly targets?: readonly Target[];
}

/** Drops a fraction of the messages between nodes. */
export function loss({ probability = 0.5, targets }: ProbabilityOptions = {}): FaultPart {
  requireProbability(probability, loss);
  const named = targets && namedTargets(targets, RANDOM_TARGETS, loss);
  return messageFault("loss", probability, String(probability), "loses messages", named);
}

/** Delivers a fraction of the messages between nodes twice, each copy with its own latency. */
export function duplicate({ probability = 0.5, targets }: ProbabilityOptions = {}): FaultPart {
  requireProbability(probability, duplicate);
  const named = targets && namedTargets(targets, RANDOM_TARGETS, duplicate);
  return messageFault("duplicate", probability, String(probability), "duplicates messages", named);
}

/** Multiplies the mean latency between servers, to 100 ms at least. */
export function slow({ factor = 10, targets }: SlowOptions = {}): FaultPart {
  if (!Number.isFinite(factor) || factor < 1) {
    throw new InvalidNemesis(`factor is ${factor}, but must be a number of at least 1`, slow);
  }
  const named = targets && namedTargets(targets, RANDOM_TARGETS, slow);
  return messageFault("slow", factor, `${factor} times`, "slow", named);
}

function requireProbability(probability: number, caller: typeof loss): void {
  if (probability > 0 && probability <= 1) return;
  throw new InvalidNemesis(
    `probability is ${probability}, but must be above 0, and at most 1`,
    caller,
  );
}

function messageFault(
  kind: MessageFaultKind,
  value: number,
  description: string,
  did: string,
  named: NamedTargets<RandomTarget> | undefined,
): FaultPart {
  return (test): Injector => {
    const control = test.messageFault(kind);
    const affect = (nodes: readonly NodeId[]): Json => {
      const affected = new Set(nodes);
      if (affected.size > 0) {
        control.set(value, (src, dest) => affected.has(src) || affected.has(dest));
      }
      return Object.fromEntries(nodes.map((node) => [node, did]));
    };
    return {
      draw: () => (named === undefined ? description : pickOne(test.random, [...named.keys()])),
      start(name) {
        if (named === undefined) {
          control.set(value);
          return description;
        }
        return affectTarget(named, String(name), test, affect);
      },
      stop() {
        control.heal();
        return "network-reliable";
      },
      get effectCount() {
        return control.count;
      },
    };
  };
}
