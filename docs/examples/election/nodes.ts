/** Leader election as in Raft: terms, votes and heartbeats, without a log. */
import * as v from "valibot";
import { type Node, serve } from "vortex";

const HEARTBEAT_MS = 50;
const TIMEOUT_MS = 300;

const Term = v.object({ term: v.number() });
const Vote = v.object({ term: v.number(), votedFor: v.nullable(v.string()) });
const VoteReply = v.object({
  type: v.literal("vote_ok"),
  term: v.number(),
  granted: v.boolean(),
});

/** Votes once in each term. */
export function careful(node: Node): void {
  elect(node, true);
}

/** Votes for every candidate whose term is not older. */
export function generous(node: Node): void {
  elect(node, false);
}

function elect(node: Node, votesOnce: boolean): void {
  const log = node.storage.of(Vote);
  let { term, votedFor } = log.readAll().at(-1) ?? { term: 0, votedFor: null };
  let leader: string | null = null;
  let deadlineMs = 0;

  const wait = () => {
    deadlineMs = node.nowMs() + TIMEOUT_MS * (1 + node.random());
  };
  wait();

  /** Stores the term and the vote: after a restart the node must not vote again. */
  const store = async () => {
    log.replace([{ term, votedFor }]);
    await log.sync();
  };

  const observe = (newTerm: number) => {
    if (newTerm <= term) return;
    term = newTerm;
    votedFor = null;
    leader = null;
  };

  const campaign = async () => {
    observe(term + 1);
    votedFor = node.id;
    wait();
    const ownTerm = term;
    await store();
    let count = 1;
    for (const peer of node.peers) {
      node.rpc(peer, { type: "vote", term: ownTerm }, VoteReply, (result) => {
        if (!result.ok) return;
        observe(result.body.term);
        if (!result.body.granted || term !== ownTerm) return;
        count++;
        if (count > node.nodeIds.length / 2) leader = node.id;
      });
    }
  };

  node.handlePeer("vote", Term, async ({ src, body }) => {
    observe(body.term);
    const isFree = votedFor === null || votedFor === src || !votesOnce;
    const granted = body.term === term && isFree && leader === null;
    if (granted) {
      votedFor = src;
      wait();
    }
    const reply = { type: "vote_ok", term, granted };
    await store();
    return reply;
  });

  node.handlePeer("heartbeat", Term, ({ src, body }) => {
    observe(body.term);
    if (body.term < term) return;
    leader = src;
    wait();
  });

  node.handle("leader", v.object({}), () => ({ type: "leader_ok", term, leader }));

  node.every(HEARTBEAT_MS, async () => {
    if (leader === node.id) {
      for (const peer of node.peers) node.send(peer, { type: "heartbeat", term });
    } else if (node.nowMs() > deadlineMs) await campaign();
  });
}

if (import.meta.main) await serve(careful);
