import type { Node } from "../../lib/vortex/index.ts";

// Letters only, without E: with digits, dots or an E in it, a message looks as if it held numbers that
// JSON.parse would change, and is parsed several times slower.
const DIGITS = "abcdefghijklmnopqrstuvwxyzABCDFGHIJKLMNOPQRSTUVWXYZ";
/** Digits that hold 53 bits. */
const DIGIT_COUNT = 10;

/**
 * Names this start of a node. No other start of any node has the same name: it holds 106 random
 * bits, as many as `generateId`'s.
 *
 * Every message carries several of these names, one for each node whose values it brings. Letters
 * keep them to less than the length of a generated id.
 */
export function newIncarnation(node: Pick<Node, "id" | "random">): string {
  return `${node.id}~${digits(node.random())}${digits(node.random())}`;
}

/** The 53 bits of a number in [0, 1), as ten letters. */
function digits(fraction: number): string {
  let rest = fraction * 2 ** 53;
  let text = "";
  for (let count = 0; count < DIGIT_COUNT; count++) {
    text = `${DIGITS[rest % DIGITS.length]}${text}`;
    rest = Math.floor(rest / DIGITS.length);
  }
  return text;
}
