/** Giant lines, in pieces: no string ever holds a whole one. */
import type { AnyBody, NodeId } from "../../lib/vortex/index.ts";
import { NODE } from "./reply-checker.ts";

export interface Giant {
  readonly pieces: Iterable<Uint8Array>;
  /** The request on the line without its long field; absent if the line is not valid. */
  readonly request?: { readonly src: NodeId; readonly body: AnyBody };
}

const encoder = new TextEncoder();
const PIECE_BYTES = 2 ** 20;

/** Lines of the given length: valid requests, truncated ones, endless nesting, and not JSON. */
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
