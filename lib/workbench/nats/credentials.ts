/**
 * Reads credentials for NATS servers from files and the environment, never from arguments: every user
 * of a machine can list the arguments of its processes.
 */
import { readFileSync } from "node:fs";
import {
  type Authenticator,
  credsAuthenticator,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from "@nats-io/transport-node";
import { InvalidOptions } from "../invalid-options.ts";

/**
 * Variables that hold a secret, named as those of NATS's own command. A program that a worker runs does
 * not inherit them.
 */
export const SECRET_VARIABLES = ["NATS_USER", "NATS_PASSWORD", "NATS_TOKEN"] as const;

const FORMS = `a .creds file, as "nsc generate creds" writes it, an NKey seed, or a line with user:password`;

/**
 * Reads a file of credentials. Its content decides what it is: a `.creds` file (JWT and NKey), an NKey
 * seed, or one line `user:password`.
 *
 * @throws {InvalidOptions} if it cannot be read, or is none of these. The message contains none of it.
 */
export function readCredentials(file: string): Authenticator {
  const text = readSecret(file);
  const bytes = new TextEncoder().encode(text);
  if (text.includes("BEGIN NATS USER JWT")) return credsAuthenticator(bytes);
  if (/^SU[A-Z2-7]{56}$/.test(text)) return nkeyAuthenticator(bytes);
  const [, user, password] = /^([^:\s]+):(\S+)$/.exec(text) ?? [];
  if (user !== undefined && password !== undefined) {
    return usernamePasswordAuthenticator(user, password);
  }
  throw new InvalidOptions(`--nats-creds ${file} has no credentials: it must be ${FORMS}`);
}

function readSecret(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidOptions(`Cannot read --nats-creds ${file}: ${reason}`);
  }
}

/** Returns the credentials of the environment, if it has any. */
export function credentialsOfEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Authenticator | undefined {
  const { NATS_USER: user, NATS_PASSWORD: password, NATS_TOKEN: token } = environment;
  if (user) return usernamePasswordAuthenticator(user, password);
  return token ? tokenAuthenticator(token) : undefined;
}
