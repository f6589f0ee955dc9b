/**
 * Generates noise: random bytes, truncated, joined and bit-flipped messages, and well-formed messages
 * with wrong fields.
 *
 * Most messages have a unique sender (`f1`, `f2`, ...), so that each reply can be matched to its
 * request. Some claim to come from the node itself, from another node or from a service.
 */
import type { Random } from "../../lib/vortex/index.ts";
import { pickOne, randomInteger } from "../../lib/vortex/random.ts";

/** Fields of a request's body, each as JSON text or a function that makes it. */
export type Template = {
  readonly type: string;
  readonly [field: string]: string | ((random: Random) => string);
};

/** Node ids of the cluster. The fuzzed node is the first; the others are dead. */
export const NODE_IDS = ["n0", "n1", "n2"];

const encoder = new TextEncoder();

/** JSON texts that have broken parsers, schemas or handlers. */
export const NASTY = [
  ...["null", "true", "false", '""', '"a"', '"1"', "[]", "{}", "[[]]", "[null]", "[{}]", '{"0":1}'],
  ...["0", "-0", "1", "-1", "0.5", "1.0", "1e400", "-1e400", "1e-400", "9007199254740993", "1e15"],
  ...["1000000000000000", "123456789012345678901234567890", "4294967295", "2147483648", "1E5"],
  ...['"__proto__"', '"constructor"', '"\\ud800"', '"\\u0000"', '"\\u2028\\ufeff"', '"n0"'],
  ...['{"__proto__":{"x":1}}', '{"constructor":{"prototype":1}}', '{"__proto__":1,"a":2}'],
  ...['{"toString":1}', '{"hasOwnProperty":null}', '{"length":-1}', '{"then":1}', '[1,"2",[3]]'],
  ...[
    '{"rawJSON":"1"}',
    '[["w",1,1]]',
    '[["r","__proto__",null]]',
    '[["w",{},1]]',
    '{"a":1,"a":2}',
  ],
  ...[
    '{"n0":["n1"]}',
    '{"__proto__":[1.0,1e400]}',
    '{"1":1000000000000000}',
    `"${"é".repeat(300)}"`,
  ],
];
const KEYS = ["__proto__", "constructor", "toString", "then", "", "type", "msg_id", "in_reply_to"];
const SPOOFED = [...NODE_IDS, "__proto__", "lin-kv", "seq-kv", "lww-kv", "lin-tso"];
const REPLIES = ["init_ok", "echo_ok", "error", "read_ok", "write_ok", "cas_ok", "topology_ok"];
const BYTES_THAT_MATTER = [
  0, 0x0d, 0x22, 0x2c, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d, 0x80, 0xc3, 0xed, 0xff,
];
const BYTE_ORDER_MARK = "\ufeff";
const DEEP = 100_000;
const HUGE = 2_000_000;

export class Noise {
  readonly #random: Random;
  readonly #templates: readonly Template[];
  readonly #sender: string;
  #count = 0;

  /** @param sender Prefix of the senders' names. */
  constructor(random: Random, templates: readonly Template[], sender: string) {
    this.#random = random;
    this.#templates = templates;
    this.#sender = sender;
  }

  /** Returns the next line or lines, with line breaks. */
  next(): Uint8Array {
    const chance = this.#random.next();
    if (chance < 0.05) return this.#randomBytes();
    if (chance < 0.3) return this.#flipped();
    if (chance < 0.32) return this.#cutAndJoined();
    if (chance < 0.33) return encoder.encode(`${this.#message()}${this.#message()}\n`);
    if (chance < 0.34) return this.#broken();
    if (chance < 0.345)
      return Buffer.concat([Buffer.from(this.#message(), "utf16le"), encoder.encode("\n")]);
    if (chance < 0.35) return encoder.encode(`\0${this.#message()}\0\n${this.#message()}\r\0\n`);
    if (chance < 0.36) return encoder.encode(`${BYTE_ORDER_MARK}${this.#message()}\n`);
    if (chance < 0.38) return encoder.encode(`${this.#message()}\r\n\r\n\n \t\n`);
    if (chance < 0.3805) return encoder.encode(`${this.#deep()}\n`);
    if (chance < 0.3806) return encoder.encode(`${this.#huge()}\n`);
    return encoder.encode(`${this.#message()}\n`);
  }

  #pick<T>(items: readonly T[]): T {
    return pickOne(this.#random, items);
  }

  #below(bound: number): number {
    return randomInteger(this.#random, bound);
  }

  #randomBytes(): Uint8Array {
    const bytes = Uint8Array.from({ length: 1 + this.#below(60) }, () => this.#below(256));
    bytes[bytes.length - 1] = 0x0a;
    return bytes;
  }

  #flipped(): Uint8Array {
    const bytes = encoder.encode(`${this.#message()}\n`);
    for (let flips = 1 + this.#below(3); flips > 0; flips--) {
      bytes[this.#below(bytes.length - 1)] =
        this.#random.next() < 0.5 ? this.#pick(BYTES_THAT_MATTER) : this.#below(256);
    }
    return bytes;
  }

  #cutAndJoined(): Uint8Array {
    const one = encoder.encode(this.#message());
    const other = encoder.encode(`${this.#message()}\n`);
    const kept = one.subarray(0, this.#below(one.length + 1));
    return Buffer.concat([kept, other]);
  }

  /** A message with a line break in the middle. */
  #broken(): Uint8Array {
    const text = `${this.#message()}\n`;
    const at = this.#below(text.length);
    return encoder.encode(`${text.slice(0, at)}\n${text.slice(at)}`);
  }

  #deep(): string {
    const [open, close] = this.#pick([
      ["[", "]"],
      ['{"a":', "}"],
      ['[{"__proto__":', "}]"],
    ] as const);
    const depth = this.#pick([3000, 20_000, DEEP]);
    return this.#message(`${open.repeat(depth)}1.0${close.repeat(depth)}`);
  }

  #huge(): string {
    return this.#message(`"${"x\\n1.0".repeat(HUGE / 6)}"`);
  }

  #message(value?: string): string {
    this.#count++;
    const body = this.#body(value);
    // A forged reply of a service might match an open RPC, and the node would rightly accept it.
    const spoofed = body.includes('"in_reply_to"') ? NODE_IDS : SPOOFED;
    const isSpoofed = this.#random.next() < 0.05;
    const envelope = {
      src: `"${isSpoofed ? this.#pick(spoofed) : `${this.#sender}${this.#count}`}"`,
      dest: this.#random.next() < 0.1 ? this.#pick(NASTY) : '"n0"',
      body,
    };
    const fields: [string, string][] = Object.entries(envelope);
    const chance = this.#random.next();
    if (chance < 0.03) fields[this.#below(3)] = [this.#pick(KEYS), this.#pick(NASTY)];
    else if (chance < 0.06) fields[this.#below(3)]?.splice(1, 1, this.#pick(NASTY));
    else if (chance < 0.09) fields.push([this.#pick(KEYS), this.#pick(NASTY)]);
    return objectText(fields);
  }

  #body(value?: string): string {
    const template = this.#pick(this.#templates);
    const fields: [string, string][] = [
      ["msg_id", String(this.#below(this.#random.next() < 0.9 ? 1000 : 1e15))],
      ...Object.entries(template).map(([field, text]): [string, string] => [
        field,
        typeof text === "string" ? text : text(this.#random),
      ]),
    ];
    const at = () => this.#below(fields.length);
    if (value !== undefined) fields.at(-1)?.splice(1, 1, value);
    const chance = this.#random.next();
    if (chance < 0.4) fields[at()]?.splice(1, 1, this.#pick(NASTY));
    else if (chance < 0.5) fields.splice(at(), 1);
    else if (chance < 0.6) fields.push(this.#strayField());
    else if (chance < 0.7) fields.push([fields[at()]?.[0] ?? "", this.#pick(NASTY)]);
    else if (chance < 0.8) return this.#strayReply();
    return objectText(fields);
  }

  #strayField(): [string, string] {
    const key = this.#pick(KEYS);
    return [key, key === "in_reply_to" ? this.#strayReference() : this.#pick(NASTY)];
  }

  /** A value for `in_reply_to`: nasty, or the id of an open RPC to another destination. */
  #strayReference(): string {
    return this.#pick([...NASTY, String(this.#below(1000)), "-77777777777", "99999999999"]);
  }

  /** A reply without a request. */
  #strayReply(): string {
    const reference = this.#strayReference();
    const fields: [string, string][] = [
      ["type", JSON.stringify(this.#pick(REPLIES))],
      ["in_reply_to", reference],
      ["code", this.#pick(NASTY)],
      ["value", this.#pick(NASTY)],
    ];
    return objectText(fields);
  }
}

function objectText(fields: readonly (readonly [string, string])[]): string {
  return `{${fields.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(",")}}`;
}
