/** Runs the tasks of a sweep or campaign on workers on other machines. */
import { resolve } from "node:path";
import { plural } from "../../checkers/wording.ts";
import type { CorpusFiles } from "../../fleet/corpus-files.ts";
import { FleetWorkers, senderName } from "../../fleet/fleet-workers.ts";
import type { Campaign } from "../../fleet/messages.ts";
import { hashOf, type Pack, packFiles } from "../../fleet/pack.ts";
import { digestOf } from "../../fleet/served-campaign.ts";
import { findCampaign, openStreams } from "../../fleet/streams.ts";
import { sign } from "../../fleet/trust.ts";
import { connectNats } from "../../nats/connection.ts";
import { isFault } from "../../nemesis/faults.ts";
import { toSeedlessArgv } from "../../run/argv.ts";
import { splitExport } from "../../sweep/load-definition.ts";
import { workloadWord } from "../argv.ts";
import { freshId } from "../fresh-id.ts";
import { remark } from "../live.ts";
import { natsOptions } from "../nats-flags.ts";
import type { Plan, StartWorkers } from "./start-workers.ts";
import { commandOf, type SimFlags, type Subject } from "./subject.ts";
import { outcome } from "./sweep.ts";

/** @param files The directory of a guided search. */
export function startFleet(subject: Subject, flags: SimFlags, files?: CorpusFiles): StartWorkers {
  return async (plan) => {
    const options = natsOptions(flags);
    if (options === undefined) throw new Error("--nats is missing");
    const pack = await packOf(subject);
    const nats = await connectNats(options, { name: "vortex sim", onRemark: remark });
    try {
      const description = await describe(subject, flags, plan, pack, files !== undefined);
      const identity = identityOf(description, plan);
      const former = await findCampaign(await openStreams(nats), identity);
      if (former !== undefined && flags.resume === undefined) {
        remark("The same test was interrupted earlier. To go on with it instead: add --resume");
      }
      if (former === undefined && flags.resume) {
        remark("No results of this test are stored: it begins with the first seed");
      }
      const nonce = flags.resume && former ? former : freshId();
      const campaign = { ...description, id: `${identity}.${nonce}` };
      const signed = campaign.signature === undefined ? "" : ", signed";
      remark(
        `Campaign ${campaign.id}: program ${pack.hash}, ${Math.ceil(pack.bytes.length / 1000)} kB${signed}`,
      );
      const workers = await FleetWorkers.open({
        ...{ nats, campaign, files, onRemark: remark },
        bytes: pack.bytes,
        taskCount: plan.seeds?.length,
      });
      return {
        workers,
        where: () => {
          const { workerCount, slotCount } = workers.size;
          return ` on ${plural(workerCount, "worker")} (${plural(slotCount, "process", "processes")})`;
        },
        formerCount: () => workers.formerCount,
        close: async (isDone) => {
          await workers.close(isDone);
          await nats.close();
          if (!isDone && plan.seeds !== undefined) remark("To go on with it: add --resume");
        },
      };
    } catch (error) {
      await nats.close();
      throw error;
    }
  };
}

/** Identifies the test of a campaign: the same command gives the same text each time. */
function identityOf(campaign: Omit<Campaign, "id">, { seeds = [] }: Plan): string {
  const { hash, exported, flags, args, stallLimitS, isGuided } = campaign;
  const parts = [hash, exported ?? "", flags, args, stallLimitS, isGuided, seeds];
  return hashOf(new TextEncoder().encode(JSON.stringify(parts))).slice(0, 12);
}

/** The files of users that define the test, the program first. */
function filesOf({ file, options }: Subject): string[] {
  const { workloadFile, nemesis } = options;
  const own = nemesis.filter((word) => !isFault(word)).map(fileOf);
  return [...new Set([resolve(file), ...(workloadFile ? [fileOf(workloadFile)] : []), ...own])];
}

function fileOf(word: string): string {
  return resolve(splitExport(word)[0]);
}

function packOf(subject: Subject): Promise<Pack> {
  return packFiles(filesOf(subject), subject.modules);
}

async function describe(
  subject: Subject,
  flags: SimFlags,
  { firstSeed }: Plan,
  { hash, paths, root }: Pack,
  isGuided: boolean,
): Promise<Omit<Campaign, "id">> {
  const { options, file, args, catalog, stallLimitS } = subject;
  const { workloadFile } = options;
  const packed = (word: string) => {
    const [, exported] = splitExport(word);
    return `./${paths.get(fileOf(word))}${exported === undefined ? "" : `#${exported}`}`;
  };
  const nemesis = options.nemesis.map((word) => (isFault(word) ? word : packed(word)));
  const workload = workloadFile === undefined ? options.workload : packed(workloadFile);
  const own = toSeedlessArgv({ ...options, nemesis }, workload);
  const program = paths.get(resolve(file)) ?? "";
  const words = [
    [program, file],
    [workload, workloadWord(options)],
    [nemesis.join(), options.nemesis.join()],
  ] as const;
  const probe = await outcome(subject, { ...options, seed: firstSeed });
  return {
    version: 1,
    by: senderName(),
    hash,
    ...(flags.sign === undefined ? {} : { signature: sign(hash, flags.sign) }),
    program,
    ...(flags.export === undefined ? {} : { exported: flags.export }),
    flags: flags.strictStdout ? [...own, "--strict-stdout"] : own,
    args: [...args],
    stallLimitS,
    shown: {
      root,
      words: Object.fromEntries(words.filter(([own, name]) => own !== name)),
      ...(flags.corpus === undefined ? {} : { corpus: flags.corpus }),
      catalog: { sometimes: [...catalog.sometimes], always: [...catalog.always] },
    },
    command: commandOf(subject),
    probe: { seed: firstSeed, digest: digestOf(probe) },
    isGuided,
  };
}
