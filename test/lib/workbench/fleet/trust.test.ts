import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { nkeys } from "@nats-io/transport-node";
import { problemOfFlags } from "../../../../lib/workbench/fleet/flags.ts";
import { decode, encode, Job } from "../../../../lib/workbench/fleet/messages.ts";
import { programEnvironment } from "../../../../lib/workbench/fleet/served-campaign.ts";
import { refusalOf, sign } from "../../../../lib/workbench/fleet/trust.ts";
import { toSeedlessArgv } from "../../../../lib/workbench/run/argv.ts";
import { DEFAULTS } from "../../../../lib/workbench/run/test-options.ts";
import { temporaryDirectory } from "../../../support/processes/vortex.ts";

const HASH = "a".repeat(64);
const OTHER = "b".repeat(64);

function key() {
  const pair = nkeys.createUser();
  const file = join(temporaryDirectory(), "key");
  writeFileSync(file, `${new TextDecoder().decode(pair.getSeed())}\n`);
  return { file, publicKey: pair.getPublicKey() };
}

describe("A worker", () => {
  test("runs any program if it has no list", () => {
    expect(refusalOf({ hash: HASH }, { hashes: [], signers: [] })).toBeUndefined();
  });

  test("runs the programs on its list only", () => {
    const trust = { hashes: [HASH], signers: [] };
    expect(refusalOf({ hash: HASH }, trust)).toBeUndefined();
    expect(refusalOf({ hash: OTHER }, trust)).toContain(`program ${OTHER} is not on its list`);
  });

  test("runs programs that a key of its list has signed", () => {
    const { file, publicKey } = key();
    const trust = { hashes: [], signers: [publicKey] };
    const signature = sign(HASH, file);
    expect(refusalOf({ hash: HASH, signature }, trust)).toBeUndefined();
    expect(refusalOf({ hash: OTHER, signature }, trust)).toContain("is wrong");
    expect(refusalOf({ hash: HASH }, trust)).toContain("is not signed");
    const stranger = sign(HASH, key().file);
    expect(refusalOf({ hash: HASH, signature: stranger }, trust)).toContain("does not know");
    const forged = { ...stranger, signer: publicKey };
    expect(refusalOf({ hash: HASH, signature: forged }, trust)).toContain("is wrong");
    const garbage = { signer: publicKey, signature: "?" };
    expect(refusalOf({ hash: HASH, signature: garbage }, trust)).toContain("is wrong");
  });

  test("says what is wrong with a key without repeating it", () => {
    const file = join(temporaryDirectory(), "key");
    writeFileSync(file, "hunter2");
    expect(() => sign(HASH, file)).toThrow("has no key");
    expect(() => sign(HASH, file)).not.toThrow("hunter2");
    expect(() => sign(HASH, "/none")).toThrow("Cannot read --sign /none");
  });
});

test("A program sees of a worker's environment only what it needs", () => {
  const secrets = { NATS_PASSWORD: "a", NATS_TOKEN: "b", AWS_SECRET_ACCESS_KEY: "c", HOME: "/d" };
  const seen = programEnvironment({ ...secrets, PATH: "/bin", TZ: "UTC" });
  expect(seen).toMatchObject({ PATH: "/bin", TZ: "UTC" });
  const names = Object.keys(seen).filter((name) => seen[name] !== undefined);
  expect(names.toSorted()).toEqual(["BUN_JSC_largeHeapSize", "PATH", "TZ"]);
});

describe("A worker accepts of a campaign", () => {
  const paths = ["0/program.js", "1/bank.js", "2/faults.js", "bundle.js"];
  const problem = (...flags: readonly string[]) =>
    problemOfFlags({ flags: [...flags], program: "0/program.js" }, paths);

  test("every flag of a test", () => {
    const options = {
      ...DEFAULTS,
      ...{ workload: "bank", seed: 1, rate: 7, timeLimitS: 7, keyCount: 7, maxTxnLength: 7 },
      ...{ maxWritesPerKey: 7, nodeIds: ["a", "b"], concurrency: 7, recoveryS: 7 },
      ...{ nemesis: ["kill", "./2/faults.js#two"], nemesisIntervalS: 7, converge: true },
      ...{ livenessLimitS: 7, topology: "line" as const, availability: "total" as const },
      ...{ latency: { meanMs: 7, distribution: "uniform" as const }, resumesFromCommitted: true },
      ...{ consistencyModels: ["read-atomic"], ownOptions: { most: 7 } },
      ...{ search: ["mixed" as const] },
    };
    const flags = toSeedlessArgv(options, "./1/bank.js");
    expect(flags.filter((word) => word.startsWith("-")).length).toBeGreaterThan(17);
    expect(problem(...flags)).toBeUndefined();
    expect(problem(...flags, "--liveness", "--strict-stdout")).toBeUndefined();
  });

  test.each([
    [["--write-decisions", "/etc/passwd"], "asks for --write-decisions"],
    [["--decisions", "/etc/passwd"], "asks for --decisions"],
    [["--out=/etc/passwd"], "asks for --out=/etc/passwd"],
    [["-w", "--out"], "asks for -w"],
    [["/etc/passwd"], "asks for /etc/passwd"],
    [["-w", "/etc/passwd.ts"], "names /etc/passwd.ts, which it has not sent"],
    [["-w", "../x.ts"], "names ../x.ts"],
    [["--nemesis", "kill,/tmp/x.ts#a"], "names /tmp/x.ts#a"],
    [["--nemesis", "x.ts"], "names x.ts"],
  ])("no other words: %p", (flags, text) => {
    expect(problem(...flags)).toContain(text);
  });

  test("no run whose name leads to another file", () => {
    const job = (task: object) => encode({ name: "job", tasks: [{ seed: 1, ...task }] });
    expect(decode(Job, job({ name: "v12", base: "s3" })).tasks).toHaveLength(1);
    for (const path of ["../../secret", "s1/../../secret", "/secret", "s1\n", ""]) {
      expect(() => decode(Job, job({ name: path }))).toThrow();
      expect(() => decode(Job, job({ base: path }))).toThrow();
    }
  });

  test("no program that is not in the pack", () => {
    expect(problemOfFlags({ flags: [], program: "/bin/x.ts" }, paths)).toContain("no file");
    expect(
      problemOfFlags({ flags: [], program: "0/program.js", exported: "--out" }, paths),
    ).toContain("is not the name of a function");
  });
});
