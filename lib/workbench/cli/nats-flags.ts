/** The flags that name NATS servers, and how to be admitted by them. */
import { type Command, Option } from "commander";
import type { NatsOptions } from "../nats/connection.ts";
import { list } from "./parsers.ts";

export interface NatsFlags {
  readonly nats?: readonly string[];
  readonly natsCreds?: string;
  readonly natsCa?: string;
  readonly natsCert?: string;
  readonly natsKey?: string;
}

/** @param purpose What the command does on NATS. */
export function addNatsFlags(
  command: Command,
  { purpose, isRequired }: { readonly purpose: string; readonly isRequired: boolean },
): Command {
  return command
    .addOption(
      new Option("--nats <urls>", `${purpose}; servers of one cluster, separated by commas`)
        .argParser(list)
        .makeOptionMandatory(isRequired),
    )
    .option(
      "--nats-creds <file>",
      "credentials for NATS: a .creds file, an NKey seed, or a line user:password (default: NATS_USER and NATS_PASSWORD, or NATS_TOKEN)",
    )
    .option("--nats-ca <file>", "authorities of the servers' certificates, for TLS")
    .option("--nats-cert <file>", "own certificate, for servers that ask for one")
    .option("--nats-key <file>", "key of the own certificate");
}

/** Returns where NATS is, if the flags say so. */
export function natsOptions(flags: NatsFlags): NatsOptions | undefined {
  const { nats: servers, natsCreds: credentials, natsCa: ca, natsCert: cert, natsKey: key } = flags;
  if (servers === undefined) return undefined;
  return {
    servers,
    ...(credentials !== undefined && { credentials }),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}
