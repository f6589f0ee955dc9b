/**
 * The totals of the other nodes, as recent as a read needs them.
 *
 * A peer is asked (`local`). One that does not answer within `askMs` is silent: from then on its
 * bucket is read instead, and the peer is asked again every 5 s without anyone waiting for it.
 */
import * as v from "valibot";
import { deadline, isRpcError, type KVNode, type NodeId } from "../../lib/vortex/index.ts";
import { type BucketStore, NOTHING, Total } from "./bucket-store.ts";
import { PROBE_MS, READ_LIMIT_MS, SERVICE_BACKOFF_MS, SERVICE_TIMEOUT_MS } from "./limits.ts";

const LocalOk = v.object({ type: v.literal("local_ok"), ...Total.entries });

const NEVER_MS = Number.NEGATIVE_INFINITY;

/** One peer, as this node knows it. */
interface PeerTotal {
  readonly id: NodeId;
  /** The newest total received or read. */
  latest: Total;
  /** Everything stored by this time is part of it; `-Infinity` before the first. */
  asOfMs: number;
  /** Time of the last question. */
  askedMs: number;
  /** Whether it has not answered in time since. */
  isSilent: boolean;
}

/** The totals of all peers. */
export class PeerTotals {
  readonly #node: KVNode;
  readonly #store: BucketStore;
  readonly #askMs: number;
  readonly #peers: readonly PeerTotal[];
  #round: Promise<void> | undefined;

  constructor(node: KVNode, store: BucketStore, askMs: number) {
    this.#node = node;
    this.#store = store;
    this.#askMs = askMs;
    this.#peers = node.peers.map((id) => {
      return { id, latest: NOTHING, asOfMs: NEVER_MS, askedMs: NEVER_MS, isSilent: false };
    });
  }

  get totals(): readonly number[] {
    return this.#peers.map(({ latest }) => latest.total);
  }

  /** Whether every total includes what was stored by this time. */
  areAsOf(sinceMs: number): boolean {
    return this.#peers.every(({ asOfMs }) => asOfMs >= sinceMs);
  }

  /** Brings totals older than this time up to date; callers share the round that is in flight. */
  async refresh(sinceMs: number): Promise<void> {
    this.#round ??= this.#refresh(sinceMs).finally(() => {
      this.#round = undefined;
    });
    await this.#round;
  }

  async #refresh(sinceMs: number): Promise<void> {
    let writing: Promise<void> | undefined;
    const ensureWritten = async () => {
      // An add is a write too: a busy node needs no other.
      if (this.#store.writtenMs < sinceMs) writing ??= this.#store.write(SERVICE_TIMEOUT_MS);
      await writing;
    };
    const stale = this.#peers.filter(({ asOfMs }) => asOfMs < sinceMs);
    await Promise.all(stale.map((peer) => this.#refreshPeer(peer, ensureWritten)));
  }

  async #refreshPeer(peer: PeerTotal, ensureWritten: () => Promise<void>): Promise<void> {
    const wasSilent = peer.isSilent;
    // The bucket includes all that this node ever showed of the peer, even before a restart; the peer
    // itself may not know yet that its last change was stored.
    const isFirst = peer.asOfMs === NEVER_MS;
    const isDue = !wasSilent || this.#node.nowMs() - peer.askedMs >= PROBE_MS;
    const answered = isDue && !isFirst ? this.#ask(peer) : Promise.resolve(false);
    this.#node.sometimes(wasSilent, "a silent peer's bucket is read instead");
    if (wasSilent) answered.catch((error) => this.#node.log(`Cannot ask ${peer.id}: ${error}`));
    else if (await answered) return;
    try {
      await ensureWritten();
      const asOfMs = this.#store.writtenMs;
      const bucket = await this.#store.read(peer.id, SERVICE_TIMEOUT_MS);
      update(peer, bucket ?? NOTHING, asOfMs);
    } catch (error) {
      if (!isRpcError(error)) throw error;
      // Reads that still wait start another round.
      await this.#node.sleep(SERVICE_BACKOFF_MS);
    }
  }

  /** Asks a peer for its total; returns whether it answered within `askMs`. */
  async #ask(peer: PeerTotal): Promise<boolean> {
    const sentMs = this.#node.nowMs();
    const wasSilent = peer.isSilent;
    peer.askedMs = sentMs;
    // A late answer still counts: a slow network brings no earlier one.
    const answering = this.#node
      .syncRpc(peer.id, { type: "local" }, LocalOk, { timeoutMs: READ_LIMIT_MS })
      .then((answer) => update(peer, answer, sentMs));
    try {
      await deadline(this.#node, answering, this.#askMs);
      peer.isSilent = false;
      this.#node.sometimes(wasSilent, "a silent peer answers again");
    } catch (error) {
      if (!isRpcError(error)) throw error;
      peer.isSilent = true;
    }
    return !peer.isSilent;
  }
}

/** Takes a total in. Answers may overtake each other, so only a newer one counts. */
function update(peer: PeerTotal, { version, total }: Total, asOfMs: number): void {
  if (version >= peer.latest.version) peer.latest = { version, total };
  peer.asOfMs = Math.max(peer.asOfMs, asOfMs);
}
