/** Ways to spoil a correct program from outside: what it hears and what it answers. */
import {
  type Handler,
  type KVNode,
  type NodeId,
  type OutgoingBody,
  type Request,
  stringifyJson,
} from "../../lib/vortex/index.ts";

type Program = (node: KVNode) => void | Promise<void>;

/** A reply in place of the one that the program meant; `undefined` keeps it back. */
type Edit = (body: OutgoingBody, request: Request) => OutgoingBody | undefined;

/**
 * A program whose replies of one type are others than it meant.
 *
 * @param makeEdit Called for each node, so that an edit can keep a state.
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
 * A program whose messages of one type that want no reply are others than it meant; `undefined`
 * keeps one back.
 *
 * @param makeEdit Called for each node, so that an edit can keep a state.
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

/** A program that gives the same answer of one type to the same request for some time. */
export function cached(
  program: Program,
  { answer, forMs }: { readonly answer: string; readonly forMs: number },
): Program {
  return withReplies(program, answer, (node) => {
    const cache = new Map<string, { readonly body: OutgoingBody; readonly untilMs: number }>();
    return (body, request) => {
      const asked = stringifyJson({ ...(request.body as object), msg_id: undefined });
      const found = cache.get(asked);
      if (found !== undefined && found.untilMs > node.nowMs()) return found.body;
      cache.set(asked, { body, untilMs: node.nowMs() + forMs });
      return body;
    };
  });
}

/**
 * A program whose handling of one type of requests is another's business.
 *
 * @param wrap Makes a handler for each node; it may let the program proceed, with the request or
 *   with what it makes of it.
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

/** Lets the program handle the request; it may be told not to reply. */
type Proceed = (changes?: {
  readonly msg_id?: undefined;
  readonly body?: unknown;
}) => ReturnType<Handler<unknown>>;

/** A program that acknowledges requests of one type some time before it handles them. */
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

/** A program that acknowledges every n-th request of one type, and does nothing about it. */
export function dropping(
  program: Program,
  { type, nth }: { readonly type: string; readonly nth: number },
): Program {
  return withHandler(program, type, (node) => {
    const isDropped = every(nth);
    return (request, proceed) =>
      isDropped() ? node.reply(request, { type: `${type}_ok` }) : proceed();
  });
}

/** Whether this is the n-th, 2n-th, ... call. */
export function every(n: number): () => boolean {
  let calls = 0;
  return () => ++calls % n === 0;
}
