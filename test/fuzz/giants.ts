/** Lines of so many bytes that each is an event: in pieces, for no text need hold one whole. */
import type { AnyBody, NodeId } from "../../lib/vortex/index.ts";
import { NODE } from "./judge.ts";

export interface Giant {
  readonly pieces: Iterable<Uint8Array>;
  /** The request that it is, if it is one; its long field left out. */
  readonly request?: { readonly src: NodeId; readonly body: AnyBody };
}

const encoder = new TextEncoder();
const PIECE_BYTES = 2 ** 20;

/** Lines of so many bytes, of every kind: valid, cut off, nested without an end, no JSON at all. */
export function giants(bytes: number): Giant[] {
  const body = { type: "no_such_type", msg_id: 1 };
  const src = "giant";
  const begin = `{"src":"${src}","dest":"${NODE}","body":{"type":"${body.type}","msg_id":${body.msg_id},"x":`;
  return [
    { pieces: line(bytes, `${begin}"`, "x", '"}}'), request: { src, body } },
    { pieces: line(bytes, `${begin}"`, "é\\n1.0 ", '"}}'), request: { src, body } },
    { pieces: line(bytes, `${begin}[`, "1.0,", "0]}}"), request: { src, body } },
    { pieces: line(bytes, `${begin}[`, "{},", "0]}}"), request: { src, body } },
    { pieces: line(bytes, `${begin}"`, "x", "") },
    { pieces: line(bytes, begin, "[", "") },
    { pieces: line(bytes, "", "[{", "") },
    { pieces: line(bytes, "", "\0", "") },
    { pieces: line(bytes, "", "x1.0", "") },
  ];
}

function* line(bytes: number, begin: string, filling: string, end: string): Iterable<Uint8Array> {
  yield encoder.encode(begin);
  const piece = encoder.encode(filling.repeat(Math.min(bytes, PIECE_BYTES) / filling.length));
  for (let count = 0; count < bytes; count += piece.length) yield piece;
  yield encoder.encode(`${end}\n`);
}
