/**
 * Decides whose programs a worker runs: those of a list of hashes, those that a key of a list has signed,
 * or, without any list, those of every client that the server admits.
 *
 * Keys are NKeys (Ed25519), which NATS's own tools make: `nk -gen user`.
 */
import { readFileSync } from "node:fs";
import { nkeys } from "@nats-io/transport-node";
import { InvalidOptions } from "../invalid-options.ts";
import type { Campaign, Signature } from "./messages.ts";

export interface Trust {
  readonly hashes: readonly string[];
  readonly signers: readonly string[];
}

const encoder = new TextEncoder();

/** Returns why a worker does not run a program, or `undefined` if it does. */
export function refusalOf(
  { hash, signature }: Pick<Campaign, "hash" | "signature">,
  { hashes, signers }: Trust,
): string | undefined {
  if (hashes.length + signers.length === 0 || hashes.includes(hash)) return undefined;
  if (signature === undefined) {
    const signing = signers.length > 0 ? ", and the program is not signed (--sign)" : "";
    return `program ${hash} is not on its list (--allow)${signing}`;
  }
  if (!signers.includes(signature.signer)) {
    return `it does not know the signer ${signature.signer} (--allow-signer)`;
  }
  return isSignedBy(hash, signature) ? undefined : `the signature of ${signature.signer} is wrong`;
}

function isSignedBy(hash: string, { signer, signature }: Signature): boolean {
  try {
    const bytes = Buffer.from(signature, "base64");
    return nkeys.fromPublic(signer).verify(encoder.encode(hash), bytes);
  } catch {
    return false; // Not a public key.
  }
}

/**
 * Signs a program's hash with the key of a file, which holds the seed of an NKey.
 *
 * @throws {InvalidOptions} if the file has none.
 */
export function sign(hash: string, file: string): Signature {
  let seed: string;
  try {
    seed = readFileSync(file, "utf8").trim();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidOptions(`Cannot read --sign ${file}: ${reason}`);
  }
  try {
    const key = nkeys.fromSeed(encoder.encode(seed));
    const signature = Buffer.from(key.sign(encoder.encode(hash))).toString("base64");
    return { signer: key.getPublicKey(), signature };
  } catch {
    throw new InvalidOptions(
      `--sign ${file} has no key: it must be the seed of an NKey, as nk -gen user prints it`,
    );
  }
}

/** Whether a text is the public key of an NKey. */
export function isPublicKey(text: string): boolean {
  try {
    nkeys.fromPublic(text);
    return true;
  } catch {
    return false;
  }
}
