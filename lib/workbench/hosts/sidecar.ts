/**
 * Runs the node of one name in a cluster, in one test after the other.
 *
 * A sidecar owns its name: a second one is refused. The tester of a test renews its lease by whatever it
 * sends. When it is silent for longer, the sidecar kills the node, which ends all faults, and waits for
 * the next test.
 */
import type { Cancel, NodeId } from "../../vortex/index.ts";
import { StartError } from "../clusters/cluster.ts";
import { InvalidOptions } from "../invalid-options.ts";
import type { Bus } from "./bus.ts";
import { HostedNode, type NodeProgram } from "./hosted-node.ts";
import { repeat } from "./repeat.ts";
import {
  Answer,
  type Command,
  type Identity,
  identify,
  type Place,
  parseWire,
  printWire,
  Request,
  subjects,
  type TestPlan,
  WireError,
} from "./wire.ts";

export interface SidecarOptions extends NodeProgram {
  readonly bus: Bus;
  readonly cluster: string;
  readonly node: NodeId;
  readonly nodeIds: readonly NodeId[];
  readonly place: Place;
  /** Distinguishes sidecars with one name. */
  readonly instance: string;
  /** Command of the program, for people. */
  readonly command: string;
  /** Makes the directory of what the node stores in one test. */
  makeData(): { readonly directory: string; remove(onProblem: (text: string) => void): void };
  /** Removes what the services have stored in a test whose tester has disappeared. */
  removeServices(test: string): Promise<void>;
  /** Called with what an operator should know. */
  readonly onRemark: (text: string) => void;
}

const CLAIM_TIMEOUT_MS = 1000;
/** How often the name is claimed again: another sidecar may have started while this one was cut off. */
const CLAIM_INTERVAL_MS = 10_000;
const LEASE_CHECK_MS = 250;

interface RunningTest {
  readonly plan: TestPlan;
  readonly hosted: HostedNode;
  readonly data: ReturnType<SidecarOptions["makeData"]>;
  /** The last command, and its answer, which a repeated request gets again. */
  last: { readonly number: number; readonly answer: Promise<Answer> };
  /** Time of the last request of the tester. */
  heardMs: number;
}

export class Sidecar {
  readonly #options: SidecarOptions;
  readonly #cleanUp: Cancel[] = [];
  readonly #over = Promise.withResolvers<never>();
  #isEstablished = false;
  #lastCheckMs = 0;
  #test: RunningTest | undefined;
  /** A test that begins. */
  #beginning: { readonly plan: TestPlan; readonly answer: Promise<Answer> } | undefined;

  constructor(options: SidecarOptions) {
    this.#options = options;
  }

  /** Rejects when the sidecar cannot go on. */
  get over(): Promise<never> {
    return this.#over.promise;
  }

  /**
   * Takes the name.
   *
   * @throws {InvalidOptions} if another sidecar has it.
   */
  async open(): Promise<void> {
    const { bus, cluster, node, clock } = this.#options;
    // A rejection without a listener would end the process.
    this.over.catch(() => {});
    this.#cleanUp.push(
      bus.subscribe(subjects.control(cluster, node), (text, answer) => this.#control(text, answer)),
    );
    await this.#claim();
    this.#isEstablished = true;
    this.#cleanUp.push(
      bus.subscribe(subjects.roster(cluster), (_, answer) => answer(printWire(this.#identity()))),
      repeat(clock, CLAIM_INTERVAL_MS, () => {
        this.#claim().catch((error: unknown) => this.#over.reject(error));
      }),
      repeat(clock, LEASE_CHECK_MS, () => this.#checkLease()),
    );
  }

  /** Ends the test that runs, and gives up the name. */
  async close(): Promise<void> {
    for (const cleanUp of this.#cleanUp.splice(0)) cleanUp();
    const test = this.#test;
    if (test === undefined) return;
    const { node } = this.#options;
    test.hosted.fail(`The sidecar of ${node} was ended during the test. Start it again`);
    await test.hosted.stopWithin(CLAIM_TIMEOUT_MS);
    this.#forget(test);
  }

  #identity(): Identity {
    const { node, nodeIds, place, instance, command } = this.#options;
    const { plan } = this.#test ?? {};
    const test = plan === undefined ? {} : { test: { id: plan.test, ...plan.tester } };
    return identify({ name: node, nodes: [...nodeIds], ...place, instance, command, ...test });
  }

  /** @throws {InvalidOptions} if another sidecar has the name. */
  async #claim(): Promise<void> {
    const { bus, cluster, node, instance } = this.#options;
    const isEstablished = this.#isEstablished;
    const claim = printWire({ type: "claim", instance, isEstablished });
    const answers = await bus.requestAll(subjects.control(cluster, node), claim, CLAIM_TIMEOUT_MS);
    for (const text of answers) {
      const answer = parseWire(Answer, text);
      if (answer.type !== "taken") continue;
      const { host, pid } = answer.by;
      throw new InvalidOptions(
        `${node} of cluster "${cluster}" runs already: on ${host}, process ${pid}. Give this node another --name, or end that process`,
      );
    }
  }

  #control(text: string, answer: (text: string) => void): void {
    void this.#answerTo(text).then((reply) => {
      if (reply !== undefined) answer(printWire(reply));
    });
  }

  async #answerTo(text: string): Promise<Answer | undefined> {
    let request: Request;
    try {
      request = parseWire(Request, text);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      return { type: "refused", reason: `the request is not understood (${error.message})` };
    }
    if (request.type === "claim") return this.#answerClaim(request);
    // The tester's requests are for the sidecar that has the name, which may be another one.
    if (!this.#isEstablished) return undefined;
    switch (request.type) {
      case "begin":
        return this.#begin(request.plan);
      case "beat":
        return this.#withTest(request.test, async () => this.#done());
      case "command":
        return this.#withTest(request.test, (test) =>
          this.#carryOut(test, request.number, request.command),
        );
      default:
        request satisfies never;
        return undefined;
    }
  }

  #answerClaim({ instance, isEstablished }: Extract<Request, { type: "claim" }>) {
    const own = this.#options.instance;
    if (instance === own) return undefined;
    // Of two that start at once, or were cut off from each other, one stays.
    const stays = this.#isEstablished === isEstablished ? own < instance : this.#isEstablished;
    return stays ? ({ type: "taken", by: this.#identity() } as const) : undefined;
  }

  #done(): Answer {
    return { type: "done", nowMs: this.#options.clock.nowMs() };
  }

  #withTest(id: string, task: (test: RunningTest) => Promise<Answer>): Promise<Answer> | Answer {
    const test = this.#test;
    if (test?.plan.test !== id) {
      return { type: "no-test", reason: "its sidecar was started again, or had lost the tester" };
    }
    test.heardMs = this.#options.clock.nowMs();
    return task(test);
  }

  async #begin(plan: TestPlan): Promise<Answer> {
    const current = this.#test;
    if (current?.plan.test === plan.test) return this.#done();
    if (current !== undefined) return { type: "busy", tester: current.plan.tester };
    const beginning = this.#beginning;
    if (beginning !== undefined && beginning.plan.test !== plan.test) {
      return { type: "busy", tester: beginning.plan.tester };
    }
    // A request that is repeated while the services open gets the same answer.
    this.#beginning ??= { plan, answer: this.#open(plan) };
    try {
      return await this.#beginning.answer;
    } finally {
      this.#beginning = undefined;
    }
  }

  async #open(plan: TestPlan): Promise<Answer> {
    const { makeData, openServices, clock, onRemark } = this.#options;
    try {
      // A program without services needs none.
      const services = openServices(plan.test);
      await services.catch(() => {});
      const data = makeData();
      const hosted = new HostedNode({
        ...this.#options,
        plan,
        services,
        dataDirectory: data.directory,
      });
      const last = { number: 0, answer: Promise.resolve(this.#done()) };
      this.#test = { plan, hosted, data, last, heardMs: clock.nowMs() };
      onRemark(`Test ${plan.test} begins, of ${plan.tester.host}, process ${plan.tester.pid}`);
      return this.#done();
    } catch (error) {
      return { type: "refused", reason: error instanceof Error ? error.message : String(error) };
    }
  }

  async #carryOut(test: RunningTest, number: number, command: Command): Promise<Answer> {
    if (number <= test.last.number) return test.last.answer;
    const answer = test.hosted.carryOut(command).then(
      () => this.#done(),
      (error: unknown): Answer => {
        if (!(error instanceof StartError || error instanceof WireError)) throw error;
        return { type: "refused", reason: error.message };
      },
    );
    test.last = { number, answer };
    const answered = await answer;
    if (command.type === "stop" && this.#test === test) {
      this.#forget(test);
      this.#options.onRemark(`Test ${test.plan.test} has ended`);
    }
    return answered;
  }

  #forget(test: RunningTest): void {
    this.#test = undefined;
    test.data.remove(this.#options.onRemark);
  }

  #checkLease(): void {
    const { clock, node, onRemark, removeServices } = this.#options;
    const test = this.#test;
    const pausedMs = Math.max(0, clock.nowMs() - this.#lastCheckMs - 2 * LEASE_CHECK_MS);
    this.#lastCheckMs = clock.nowMs();
    // A host that was suspended has not listened to the tester either.
    if (test !== undefined) test.heardMs = Math.min(clock.nowMs(), test.heardMs + pausedMs);
    if (test === undefined || clock.nowMs() - test.heardMs < test.plan.leaseMs) return;
    this.#test = undefined;
    onRemark(
      `The tester of ${test.plan.test} is silent for ${test.plan.leaseMs / 1000} s: the test ends, all faults heal, and ${node} is killed`,
    );
    void test.hosted.abandon().then(() => test.data.remove(onRemark));
    removeServices(test.plan.test).catch((error: unknown) =>
      onRemark(`The services of ${test.plan.test} were not removed: ${error}`),
    );
  }
}
