/**
 * Transcripts of consensus cores, as text: `test/support/transcript.ts` explains the format. A message
 * takes 1 ms, a sync none unless it is slowed down. The commands:
 *
 * ```
 * nodes n0 n1 n2        starts nodes with empty disks; n0 stands for election first
 * propose n0 x          hands a command of n0's client to the leader
 * propose n0 x for n1   the same for a client of n1, which has forwarded it
 * read n0               registers a read
 * run 1000              lets time pass, in ms
 * skip 600              the same, without output
 * cut n0 n1             drops messages between two nodes
 * cut n0 -> n1          drops messages in one direction
 * heal                  ends all cuts
 * sync n0 50            a sync of n0 takes 50 ms from now on
 * crash n0              stops a node, which loses what it has not synced
 * lose n0               stops a node, which loses its disk
 * start n0              starts it again
 * transfer n0 n2        n0 offers its leadership
 * quiet / loud          hides heartbeats and their replies; shows them
 * ```
 *
 * The output, each line with its time in ms: messages as they are sent (`x` marks those that are dropped),
 * changes of leadership, and what is applied and read.
 */
import type { Entry, Outgoing, RaftMessage } from "../../../lib/raft/messages.ts";
import { Raft } from "../../../lib/raft/raft.ts";
import type { StoredState, Write } from "../../../lib/raft/state.ts";
import { DEFAULT_TIMING } from "../../../lib/raft/timing.ts";
import { ManualClock } from "../../../lib/testing/index.ts";
import { randomStream } from "../../../lib/workbench/random.ts";
import { type Commands, Player } from "../../support/transcript.ts";
import { EMPTY_DISK, written } from "./raft-simulation.ts";

const LATENCY_MS = 1;
const STEP_MS = 1;

interface Member {
  readonly id: string;
  disk: StoredState;
  unsynced: Write[];
  raft: Raft | undefined;
  isSyncing: boolean;
  syncMs: number;
  lastWrite: number;
  startCount: number;
  wasLeader: boolean;
}

export class RaftPlayer extends Player {
  #clock = new ManualClock();
  #members: Member[] = [];
  readonly #cuts = new Set<string>();
  #readCount = 0;
  #isQuiet = false;

  protected readonly commands: Commands = {
    nodes: (ids) => {
      this.#members = ids.map((id) => newMember(id));
      for (const member of this.#members) this.#start(member);
    },
    propose: ([id = "", text, , origin = id]) => {
      const member = this.#member(id);
      const commands = [{ origin, command: text }];
      if (member.raft?.propose(commands, this.#nowMs) === false) {
        this.#print(`${id} does not lead`);
      }
      this.#handleOutput(member);
    },
    read: ([id = ""]) => {
      const member = this.#member(id);
      member.raft?.read(++this.#readCount, this.#nowMs);
      this.#handleOutput(member);
    },
    run: ([ms]) => this.#run(Number(ms)),
    skip: async ([ms]) => {
      const before = this.output();
      await this.#run(Number(ms));
      this.lines = before;
    },
    cut: ([one = "", other = "", target]) => {
      if (other === "->") this.#cuts.add(`${one} ${target}`);
      else for (const link of [`${one} ${other}`, `${other} ${one}`]) this.#cuts.add(link);
    },
    heal: () => this.#cuts.clear(),
    sync: ([id = "", ms]) => {
      this.#member(id).syncMs = Number(ms);
    },
    crash: ([id = ""]) => {
      this.#member(id).raft = undefined;
    },
    lose: ([id = ""]) => {
      const member = this.#member(id);
      member.raft = undefined;
      member.disk = EMPTY_DISK;
    },
    start: ([id = ""]) => this.#start(this.#member(id)),
    transfer: ([id = "", to]) => {
      const member = this.#member(id);
      member.raft?.transferLeadership(to, this.#nowMs);
      this.#handleOutput(member);
    },
    quiet: () => {
      this.#isQuiet = true;
    },
    loud: () => {
      this.#isQuiet = false;
    },
  };

  async #run(durationMs: number): Promise<void> {
    for (let passed = 0; passed < durationMs; passed += STEP_MS) {
      await this.#clock.advanceTo(this.#nowMs + STEP_MS);
      for (const member of this.#members) {
        if (member.raft === undefined || member.raft.nextTickMs > this.#nowMs) continue;
        member.raft.tick(this.#nowMs);
        this.#handleOutput(member);
      }
    }
  }

  get #nowMs(): number {
    return this.#clock.nowMs();
  }

  #member(id: string): Member {
    const found = this.#members.find((member) => member.id === id);
    if (found === undefined) throw new Error(`There is no node ${id}`);
    return found;
  }

  #start(member: Member): void {
    member.startCount++;
    member.unsynced = [];
    member.isSyncing = false;
    member.wasLeader = false;
    const name = `${member.id}.${member.startCount}`;
    member.raft = new Raft(
      {
        id: member.id,
        nodeIds: this.#members.map(({ id }) => id),
        newIncarnation: name,
        random: randomStream(1, name),
        timing: DEFAULT_TIMING,
      },
      member.disk,
      this.#nowMs,
    );
    this.#handleOutput(member);
  }

  #handleOutput(member: Member): void {
    const { raft } = member;
    if (raft === undefined) return;
    const output = raft.takeOutput();
    member.unsynced.push(...output.writes);
    member.lastWrite = output.lastWrite;
    if (raft.isLeader !== member.wasLeader) {
      member.wasLeader = raft.isLeader;
      const verb = raft.isLeader ? "leads" : "no longer leads;";
      this.#print(`${member.id} ${verb} term ${raft.currentTerm}`);
    }
    for (const message of output.messages) this.#send(member.id, message);
    for (const { index, entry } of output.committed) {
      this.#print(`${member.id} applies ${index}: ${showEntry(entry)}`);
    }
    for (const id of output.reads) this.#print(`${member.id} serves read ${id}`);
    for (const id of output.refusedReads) this.#print(`${member.id} refuses read ${id}`);
    this.#sync(member);
  }

  #sync(member: Member): void {
    if (member.isSyncing || member.unsynced.length === 0) return;
    member.isSyncing = true;
    const { startCount, lastWrite } = member;
    const writeCount = member.unsynced.length;
    const end = () => {
      if (member.raft === undefined || member.startCount !== startCount) return;
      for (const write of member.unsynced.splice(0, writeCount)) {
        member.disk = written(member.disk, write);
      }
      member.isSyncing = false;
      member.raft.stored(lastWrite, this.#nowMs);
      this.#handleOutput(member);
    };
    if (member.syncMs === 0) end();
    else this.#clock.after(member.syncMs, end);
  }

  #send(from: string, { dest, body }: Outgoing): void {
    const isCut = this.#cuts.has(`${from} ${dest}`) || this.#member(dest).raft === undefined;
    if (!this.#isQuiet || !isHeartbeat(body)) {
      this.#print(`${from} ${isCut ? "-x" : "->"} ${dest} ${show(body)}`);
    }
    if (isCut) return;
    const message = structuredClone(body);
    this.#clock.after(LATENCY_MS, () => {
      const receiver = this.#member(dest);
      receiver.raft?.receive(from, message, this.#nowMs);
      this.#handleOutput(receiver);
    });
  }

  #print(line: string): void {
    this.lines.push(`${String(this.#nowMs).padStart(5)} ${line}`);
  }
}

function newMember(id: string): Member {
  return {
    ...{ id, disk: EMPTY_DISK, unsynced: [], raft: undefined, isSyncing: false, syncMs: 0 },
    ...{ lastWrite: 0, startCount: 0, wasLeader: false },
  };
}

/** Whether a message carries nothing, and no news of what is committed that was not known before. */
function isHeartbeat(body: RaftMessage): boolean {
  if (body.type === "append_entries") return body.entries.length === 0;
  return body.type === "append_entries_reply" && body.rejected === undefined;
}

function show(body: RaftMessage): string {
  switch (body.type) {
    case "request_vote": {
      const kind = body.isPreVote ? "pre-vote" : body.isTransfer ? "vote (transfer)" : "vote";
      return `request ${kind} term=${body.term} log=${body.lastLogIndex}/${body.lastLogTerm}`;
    }
    case "request_vote_reply": {
      const kind = body.isPreVote ? "pre-vote" : "vote";
      return `${kind} ${body.voteGranted ? "granted" : "refused"} term=${body.term}`;
    }
    case "append_entries": {
      const { prevLogIndex, prevLogTerm, entries, leaderCommit, ackTo } = body;
      return [
        `append term=${body.term} after=${prevLogIndex}/${prevLogTerm} commit=${leaderCommit}`,
        ...entries.map((entry, at) => `${prevLogIndex + 1 + at}:${showEntry(entry)}`),
        ...(ackTo === undefined ? [] : [`ackTo=${ackTo}`]),
      ].join(" ");
    }
    case "append_entries_reply": {
      const { matches, rejected, commitIndex } = body;
      if (rejected !== undefined) return `reject term=${body.term} next=${rejected.nextIndex}`;
      const shown = matches.map(({ node, matchIndex }) => `${node}=${matchIndex}`).join(" ");
      return `ack term=${body.term} ${shown} commit=${commitIndex}`;
    }
    case "install_snapshot":
      return `snapshot term=${body.term} of=${body.lastIncludedIndex} offset=${body.offset}`;
    case "install_snapshot_reply":
      return `snapshot-ack of=${body.lastIncludedIndex} offset=${body.offset}`;
    case "timeout_now":
      return `timeout-now term=${body.term}`;
    case "hello":
      return `hello ${body.incarnation}`;
    case "hello_reply":
      return `hello-reply ${body.to} ${body.hasHistory ? "has entries" : "has none"}`;
    default:
      throw new Error("Unexpected message", { cause: body satisfies never });
  }
}

function showEntry({ term, command, admits }: Entry): string {
  if (admits !== undefined) return `admit ${admits.incarnation} (${term})`;
  return command === undefined ? `no-op (${term})` : `${command} (${term})`;
}
