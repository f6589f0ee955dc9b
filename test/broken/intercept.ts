/** Adds bugs to a correct program from outside, by intercepting its requests, replies and messages. */
import {
  type Handler,
  type KVNode,
  type NodeId,
  type OutgoingBody,
  type Request,
  stringifyJson,
} from "../../lib/vortex/index.ts";

type Program = (node: KVNode) => void | Promise<void>;

/** Returns a reply in place of the program's; `undefined` suppresses it. */
type Edit = (body: OutgoingBody, request: Request) => OutgoingBody | undefined;

/**
 * Replaces a program's replies of one type.
 *
 * @param makeEdit Called once per node, so that an edit can have state.
 */
export function withReplies(
  program: Program,
  type: string,
  makeEdit: (node: KVNode) => Edit,
): Program {
  return (node) => {
    const reply = node.reply.bind(node);
    const edit = makeEdit(node);
    node.reply = (request, body) => {
      const edited = body.type === type ? edit(body, request) : body;
      if (edited !== undefined) reply(request, edited);
    };
    return program(node);
  };
}

/**
 * Replaces a program's one-way messages of one type.
 *
 * @param makeEdit Called once per node, so that an edit can have state. Its edit returns a body, or
 *   `undefined` to suppress the message.
 */
export function withSends(
  program: Program,
  type: string,
  makeEdit: () => (body: OutgoingBody, dest: NodeId) => OutgoingBody | undefined,
): Program {
  return (node) => {
    const send = node.send.bind(node);
    const edit = makeEdit();
    node.send = (dest, body) => {
      const edited = body.type === type ? edit(body, dest) : body;
      if (edited !== undefined) send(dest, edited);
    };
    return program(node);
  };
}

/** Caches a program's replies of one type: equal requests get the same reply for `forMs`. */
export function cached(
  program: Program,
  { reply, forMs }: { readonly reply: string; readonly forMs: number },
): Program {
  return withReplies(program, reply, (node) => {
    const cache = new Map<string, { readonly body: OutgoingBody; readonly untilMs: number }>();
    return (body, request) => {
      const key = stringifyJson({ ...(request.body as object), msg_id: undefined });
      const found = cache.get(key);
      if (found !== undefined && found.untilMs > node.nowMs()) return found.body;
      cache.set(key, { body, untilMs: node.nowMs() + forMs });
      return body;
    };
  });
}

/**
 * Wraps a program's handler of one type.
 *
 * @param wrap Called once per node; returns the handler. `proceed` calls the program's own handler,
 *   with the request or with changes to it.
 */
export function withHandler(
  program: Program,
  type: string,
  wrap: (node: KVNode) => (request: Request, proceed: Proceed) => ReturnType<Handler<unknown>>,
): Program {
  return (node) => {
    const handle = node.handle.bind(node);
    const wrapped = wrap(node);
    node.handle = (handled, schema, handler) =>
      handle(handled, schema, (request) =>
        handled === type
          ? wrapped(request, (changes) => handler({ ...request, ...changes }))
          : handler(request),
      );
    return program(node);
  };
}

/** Calls the program's own handler; without `msg_id`, the program does not reply. */
type Proceed = (changes?: {
  readonly msg_id?: undefined;
  readonly body?: unknown;
}) => ReturnType<Handler<unknown>>;

/** Acknowledges requests of one type `byMs` before the program handles them. */
export function acknowledgedEarly(
  program: Program,
  { type, byMs }: { readonly type: string; readonly byMs: number },
): Program {
  return withHandler(program, type, (node) => async (request, proceed) => {
    node.reply(request, { type: `${type}_ok` });
    await node.sleep(byMs);
    await proceed({ msg_id: undefined });
  });
}

/** Acknowledges every nth request of one type without handling it. */
export function dropping(
  program: Program,
  { type, nth }: { readonly type: string; readonly nth: number },
): Program {
  return withHandler(program, type, () => {
    const isDropped = every(nth);
    return (_request, proceed) => (isDropped() ? { type: `${type}_ok` } : proceed());
  });
}

/** Returns a function whose every nth call returns true. */
export function every(n: number): () => boolean {
  let calls = 0;
  return () => ++calls % n === 0;
}
