/** `vortex worker`: carries out simulations for `vortex sim --nats`. */
import { availableParallelism } from "node:os";
import { Command, InvalidArgumentError } from "commander";
import { InvalidOptions } from "../invalid-options.ts";
import { Interrupted, interruptible } from "./interrupt.ts";
import { remark } from "./live.ts";
import { addNatsFlags, type NatsFlags, natsOptions } from "./nats-flags.ts";
import { positiveInteger } from "./parsers.ts";

interface WorkerFlags extends NatsFlags {
  readonly jobs?: number;
  readonly allow: readonly string[];
  readonly allowSigner: readonly string[];
  readonly insecure?: true;
}

export function workerCommand(): Command {
  const command = new Command("worker").description(
    'carry out simulations for "vortex sim --nats", until it is stopped',
  );
  return addNatsFlags(command, { purpose: "where jobs come from", isRequired: true })
    .option(
      "--jobs <count>",
      `number of processes (default: ${availableParallelism()}, one per core)`,
      positiveInteger,
    )
    .option(
      "--allow <hash>",
      "run only this program, which vortex sim --nats prints the hash of; can be repeated",
      hashes,
      [],
    )
    .option(
      "--allow-signer <key>",
      "run only programs that this NKey has signed (vortex sim --sign); can be repeated",
      (text: string, former: readonly string[]) => [...former, text],
      [],
    )
    .option("--insecure", "serve a server that admits clients without credentials")
    .addHelpText("after", HELP)
    .action(work);
}

const HELP = `
A worker runs code that it is sent, as the user who starts it. It therefore
serves only a server that asks for credentials, says what it runs, and passes
none of its environment on but PATH, the language and the time zone. Start it
as a user, or in a container, that has nothing to lose.`;

function hashes(text: string, former: readonly string[]): string[] {
  if (/^[0-9a-f]{64}$/.test(text)) return [...former, text];
  throw new InvalidArgumentError("It must be the 64 hexadecimal digits that vortex sim prints.");
}

async function work(flags: WorkerFlags): Promise<void> {
  const options = natsOptions(flags);
  if (options === undefined) throw new Error("--nats is missing");
  // They take time to load, which other commands need not wait for.
  const { connectNats } = await import("../nats/connection.ts");
  const { FleetWorker } = await import("../fleet/fleet-worker.ts");
  const { isPublicKey } = await import("../fleet/trust.ts");
  const stranger = flags.allowSigner.find((key) => !isPublicKey(key));
  if (stranger !== undefined) {
    throw new InvalidOptions(
      `--allow-signer ${stranger} is not the public key of an NKey, as nk -pubout prints it`,
    );
  }
  const trust = { hashes: flags.allow, signers: flags.allowSigner };
  const slots = flags.jobs ?? availableParallelism();
  await interruptible(async (signal) => {
    const nats = await connectNats(options, {
      ...{ name: "vortex worker", onRemark: remark },
      ...{ isPatient: true, signal },
    });
    try {
      const { auth_required: asks, tls_verify: verifies } = nats.connection.info ?? {};
      if (!asks && !verifies && !flags.insecure) {
        throw new InvalidOptions(
          "This NATS server admits clients without credentials, and a worker runs the programs of all of them. Make the server ask for credentials; or, if only you can reach it, add --insecure",
        );
      }
      const worker = new FleetWorker({ nats, slots, trust, onRemark: remark });
      signal.addEventListener("abort", () => worker.stop(), { once: true });
      if (signal.aborted) return;
      remark(`Waiting for campaigns at ${options.servers.join(", ")}. ${describe(flags)}`);
      await worker.run();
    } finally {
      await nats.close();
    }
  }).catch((error: unknown) => {
    // To be stopped is how a worker ends.
    if (!(error instanceof Interrupted)) throw error;
  });
}

function describe({ allow, allowSigner }: WorkerFlags): string {
  const conditions = [
    ...(allow.length > 0 ? ["those on its list"] : []),
    ...(allowSigner.length > 0 ? [`those signed by ${allowSigner.join(" or ")}`] : []),
  ];
  return conditions.length > 0
    ? `Of programs, it runs ${conditions.join(", and ")}`
    : "It runs the programs of every client that this server admits; --allow and --allow-signer limit that";
}
