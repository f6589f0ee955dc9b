import type { Node } from "../../lib/vortex/index.ts";

const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";

/**
 * Names this start of a node. No other start of any node has the same name: it holds 106 random
 * bits, as many as `generateId`'s.
 *
 * Every message carries several of these names, one for each node whose values it brings. Base 64
 * keeps them to two thirds of the length of a generated id.
 */
export function newIncarnation(node: Pick<Node, "id" | "random">): string {
  return `${node.id}~${digits(node.random())}${digits(node.random())}`;
}

/** The 53 bits of a number in [0, 1), as nine digits of base 64. */
function digits(fraction: number): string {
  let rest = fraction * 2 ** 53;
  let text = "";
  for (let count = 0; count < 9; count++) {
    text = `${DIGITS[rest % 64]}${text}`;
    rest = Math.floor(rest / 64);
  }
  return text;
}
