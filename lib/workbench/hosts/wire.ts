/** The messages of testers and sidecars, and their subjects. */
import * as v from "valibot";
import { describeIssues } from "../../protocol/describe-issues.ts";
import { safeParse } from "../../protocol/fast-parse.ts";
import { isObject } from "../../protocol/message.ts";
import { type AnyBody, type NodeId, parseJson, stringifyJson } from "../../vortex/index.ts";
import type { LineProblem } from "../clusters/output-line.ts";
import { DROP_REASONS } from "../network/drops.ts";
import { LATENCY_DISTRIBUTIONS } from "../network/latency.ts";

/** Changes with what is sent: testers and sidecars of different versions refuse each other. */
const PROTOCOL = 1;

/** Names of clusters, which are parts of subjects and of the names of buckets. */
const CLUSTER_NAME = /^[A-Za-z0-9_-]{1,40}$/;

export function isClusterName(name: string): boolean {
  return CLUSTER_NAME.test(name);
}

/** The subjects of a cluster. Each test has subjects of its own, so no message outlives its test. */
export const subjects = {
  /** All sidecars answer. */
  roster: (cluster: string) => `vortex.${cluster}.roster`,
  /** One sidecar answers. */
  control: (cluster: string, node: NodeId) => `vortex.${cluster}.control.${tokenOf(node)}`,
  /** Messages to a node. */
  node: (cluster: string, test: string, node: NodeId) =>
    `vortex.${cluster}.test.${test}.node.${tokenOf(node)}`,
  /** Messages to the tester's clients. */
  clients: (cluster: string, test: string) => `vortex.${cluster}.test.${test}.clients`,
  /** Reports to the tester. */
  reports: (cluster: string, test: string) => `vortex.${cluster}.test.${test}.reports`,
};

/** Writes a name as a part of a subject, in which dots, stars and spaces have meanings. */
function tokenOf(node: NodeId): string {
  return encodeURIComponent(node).replace(/[.*]/g, (sign) => (sign === "." ? "%2E" : "%2A"));
}

/** The place of a process. */
const Place = v.object({ host: v.string(), pid: v.number() });
export type Place = v.InferOutput<typeof Place>;

/** A sidecar, as it describes itself. */
export const Identity = v.object({
  protocol: v.number(),
  name: v.string(),
  /** All nodes of the cluster. */
  nodes: v.array(v.string()),
  ...Place.entries,
  /** Distinguishes sidecars with one name. */
  instance: v.string(),
  /** Command of the program, for people. */
  command: v.string(),
  /** The test that runs, and its tester. */
  test: v.exactOptional(v.object({ id: v.string(), ...Place.entries })),
});
export type Identity = v.InferOutput<typeof Identity>;

export function isCompatible({ protocol }: Identity): boolean {
  return protocol === PROTOCOL;
}

export function identify(identity: Omit<Identity, "protocol">): Identity {
  return { protocol: PROTOCOL, ...identity };
}

/** The settings of a test that sidecars need. */
export const TestPlan = v.object({
  test: v.string(),
  tester: Place,
  /** The nodes of the test, which may be some of those of the cluster. */
  nodeIds: v.array(v.string()),
  seed: v.number(),
  latency: v.object({ meanMs: v.number(), distribution: v.picklist(LATENCY_DISTRIBUTIONS) }),
  /** How long the tester may be silent before the test ends, in ms. */
  leaseMs: v.number(),
});
export type TestPlan = v.InferOutput<typeof TestPlan>;

const Links = v.array(v.tuple([v.string(), v.string()]));

/** An order of the tester to a sidecar. Each is carried out once, in their sequence. */
export const Command = v.variant("type", [
  v.object({ type: v.literal("start") }),
  v.object({ type: v.literal("kill") }),
  v.object({ type: v.literal("pause") }),
  v.object({ type: v.literal("resume") }),
  /** A message of a client that must not be lost, such as `init`. */
  v.object({ type: v.literal("deliver"), message: v.unknown() }),
  /** Blocks messages from these senders. */
  v.object({ type: v.literal("partition"), name: v.string(), refused: v.array(v.string()) }),
  v.object({ type: v.literal("heal"), name: v.string() }),
  v.object({
    type: v.literal("fault"),
    name: v.string(),
    kind: v.picklist(["loss", "duplicate", "slow"]),
    value: v.number(),
    links: Links,
  }),
  v.object({ type: v.literal("end-fault"), name: v.string() }),
  /** Answered when all that has happened is reported. */
  v.object({ type: v.literal("report") }),
  /** Ends the test; answered when the node has exited, and all is reported. */
  v.object({ type: v.literal("stop") }),
]);
export type Command = v.InferOutput<typeof Command>;

/** Requests to a sidecar. */
export const Request = v.variant("type", [
  /** Another sidecar asks for the name. */
  v.object({ type: v.literal("claim"), instance: v.string(), isEstablished: v.boolean() }),
  v.object({ type: v.literal("begin"), plan: TestPlan }),
  v.object({ type: v.literal("beat"), test: v.string() }),
  v.object({ type: v.literal("command"), test: v.string(), number: v.number(), command: Command }),
]);
export type Request = v.InferOutput<typeof Request>;

/** The answer to a request. */
export const Answer = v.variant("type", [
  v.object({ type: v.literal("done"), nowMs: v.number() }),
  /** The name is taken. */
  v.object({ type: v.literal("taken"), by: Identity }),
  /** Another test runs. */
  v.object({ type: v.literal("busy"), tester: Place }),
  /** The test of the request does not run here. */
  v.object({ type: v.literal("no-test"), reason: v.string() }),
  /** The program cannot be run, or the request is not understood. */
  v.object({ type: v.literal("refused"), reason: v.string() }),
]);
export type Answer = v.InferOutput<typeof Answer>;

/** A message as it travels, with the id that its network gave it. */
export const WireMessage = v.object({
  id: v.number(),
  src: v.string(),
  dest: v.string(),
  body: v.custom<AnyBody>(isObject, "must be an object"),
});

const Crash = v.object({
  node: v.string(),
  status: v.string(),
  stdout: v.array(v.string()),
  stderr: v.array(v.string()),
});

const LINE_PROBLEMS = [
  "debug-line",
  "missing-newline",
  "malformed-message",
  "unknown-src",
  "unknown-dest",
  "late-reply",
] as const satisfies readonly LineProblem["kind"][];

/** Names a link by its ends, which may contain any character. */
export function linkOf(src: NodeId, dest: NodeId): string {
  return JSON.stringify([src, dest]);
}

/** An event on a host. Times are in ms of its clock. */
export const ReportItem = v.variant("type", [
  v.object({ type: v.literal("send"), atMs: v.number(), message: WireMessage }),
  v.object({
    type: v.literal("recv"),
    atMs: v.number(),
    id: v.number(),
    src: v.string(),
    dest: v.string(),
  }),
  v.object({
    type: v.literal("drop"),
    atMs: v.number(),
    id: v.number(),
    src: v.string(),
    dest: v.string(),
    reason: v.picklist(DROP_REASONS),
  }),
  /** A message to a client that must not be lost. */
  v.object({ type: v.literal("deliver"), message: WireMessage }),
  v.object({ type: v.literal("log"), line: v.string() }),
  v.object({
    type: v.literal("bad-line"),
    line: v.string(),
    kind: v.picklist(LINE_PROBLEMS),
    reason: v.string(),
  }),
  /** The output of the node after its last line break. */
  v.object({ type: v.literal("unfinished"), text: v.string() }),
  /** A process has exited: the `start`th of the node. */
  v.object({ type: v.literal("exit"), start: v.number() }),
  v.object({ type: v.literal("remark"), text: v.string() }),
  /** The test cannot go on. */
  v.object({ type: v.literal("failure"), reason: v.string() }),
  v.object({ type: v.literal("overload"), reason: v.string() }),
  v.object({ type: v.literal("crashes"), crashes: v.array(Crash) }),
  /** Counts so far. */
  v.object({
    type: v.literal("counts"),
    effects: v.record(v.string(), v.number()),
    outages: v.number(),
    outageMs: v.number(),
    overflow: v.number(),
    unreported: v.number(),
  }),
]);
export type ReportItem = v.InferOutput<typeof ReportItem>;

/** Items in order. The same number twice is the same report. */
export const Report = v.object({
  node: v.string(),
  number: v.number(),
  items: v.array(ReportItem),
});
export type Report = v.InferOutput<typeof Report>;

/** A text is not what it should be: another version sent it, or another program. */
export class WireError extends Error {
  override readonly name = "WireError";
}

/** @throws {WireError} when the text does not match the schema. */
export function parseWire<S extends v.GenericSchema>(schema: S, text: string): v.InferOutput<S> {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw new WireError("not JSON", { cause: error });
  }
  const result = safeParse(schema, value);
  if (result.success) return result.output;
  throw new WireError(describeIssues(result.issues));
}

export function printWire(value: unknown): string {
  return stringifyJson(value);
}
