import * as v from "valibot";
import { type Node, serve } from "vortex";

const Send = v.object({ key: v.string(), msg: v.unknown() });
const SendOk = v.object({ type: v.literal("send_ok"), offset: v.number() });
const Offsets = v.object({ offsets: v.record(v.string(), v.number()) });
const Messages = v.record(v.string(), v.array(v.tuple([v.number(), v.unknown()])));
const PollOk = v.object({ type: v.literal("poll_ok"), msgs: Messages });
const CommitOk = v.object({ type: v.literal("commit_offsets_ok") });
const Keys = v.object({ keys: v.array(v.string()) });
const ListOk = v.object({ type: v.literal("list_committed_offsets_ok"), ...Offsets.entries });

const PAGE = 10;

/** Every key has an owner, which has its log and gives its messages their offsets. */
export function log(node: Node): void {
  const logs = new Map<string, unknown[]>();
  const committed = new Map<string, number>();

  const ownerOf = (key: string) => node.nodeIds[hash(key) % node.nodeIds.length] ?? node.id;
  const isOwn = (key: string) => ownerOf(key) === node.id;
  /** Divides the fields of an object by the owners of its keys. */
  const byOwner = <T>(fields: Readonly<Record<string, T>>) => {
    const groups = Map.groupBy(Object.entries(fields), ([key]) => ownerOf(key));
    return [...groups].map(([owner, part]) => [owner, Object.fromEntries(part)] as const);
  };

  const onSend = async ({ key, msg }: v.InferOutput<typeof Send>) => {
    if (!isOwn(key)) return await node.syncRpc(ownerOf(key), { type: "send", key, msg }, SendOk);
    const log = logs.get(key) ?? [];
    logs.set(key, log);
    return { type: "send_ok", offset: log.push(msg) - 1 };
  };

  const pollOwn = (offsets: Readonly<Record<string, number>>) => {
    const msgs = Object.entries(offsets).map(([key, from]) => {
      const found = (logs.get(key) ?? []).slice(from, from + PAGE);
      return [key, found.map((msg, index) => [from + index, msg] as const)] as const;
    });
    return Object.fromEntries(msgs);
  };

  const onPoll = async (offsets: Readonly<Record<string, number>>) => {
    const parts = byOwner(offsets).map(async ([owner, part]) => {
      if (owner === node.id) return pollOwn(part);
      return (await node.syncRpc(owner, { type: "poll", offsets: part }, PollOk)).msgs;
    });
    return { type: "poll_ok", msgs: Object.assign({}, ...(await Promise.all(parts))) };
  };

  const onCommit = async (offsets: Readonly<Record<string, number>>) => {
    const parts = byOwner(offsets).map(async ([owner, part]) => {
      if (owner !== node.id) {
        await node.syncRpc(owner, { type: "commit_offsets", offsets: part }, CommitOk);
        return;
      }
      for (const [key, offset] of Object.entries(part)) {
        committed.set(key, Math.max(offset, committed.get(key) ?? 0));
      }
    });
    await Promise.all(parts);
    return { type: "commit_offsets_ok" };
  };

  const onList = async (keys: readonly string[]) => {
    const groups = [...Map.groupBy(keys, ownerOf)];
    const parts = groups.map(async ([owner, part]) => {
      const request = { type: "list_committed_offsets", keys: part };
      if (owner !== node.id) return (await node.syncRpc(owner, request, ListOk)).offsets;
      return Object.fromEntries([...committed].filter(([key]) => part.includes(key)));
    });
    const offsets = Object.assign({}, ...(await Promise.all(parts)));
    return { type: "list_committed_offsets_ok", offsets };
  };

  node.handle("send", Send, ({ body }) => onSend(body));
  node.handle("poll", Offsets, ({ body }) => onPoll(body.offsets));
  node.handle("commit_offsets", Offsets, ({ body }) => onCommit(body.offsets));
  node.handle("list_committed_offsets", Keys, ({ body }) => onList(body.keys));
}

function hash(text: string): number {
  let sum = 0;
  for (const character of text) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
  return sum;
}

if (import.meta.main) await serve(log);
