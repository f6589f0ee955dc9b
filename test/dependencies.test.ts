/** Dependencies are locked, audited and not fetched at run time. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Glob } from "bun";
import { auditOf } from "../.ci/audit.ts";
import { INIT, INIT_OK, run } from "./support/processes/node-process.ts";
import { DIST, ECHO, echoTest, ROOT, temporaryDirectory } from "./support/processes/vortex.ts";

setDefaultTimeout(60_000);

const MANIFESTS = ["package", "docs/api/package"];
const json = (file: string) => JSON.parse(readFileSync(join(ROOT, file), "utf8"));

interface Locked {
  readonly version: string;
  readonly integrity?: string;
  readonly link?: boolean;
}

describe.each(MANIFESTS)("The dependencies of %s.json", (name) => {
  const locked = () => {
    const { "": _, ...packages } = json(`${name}-lock.json`).packages;
    return Object.entries(packages as Record<string, Locked>);
  };

  test("are exact versions", () => {
    const { dependencies, devDependencies, peerDependencies, optionalDependencies } = json(
      `${name}.json`,
    );
    const named = { ...dependencies, ...devDependencies, ...peerDependencies };
    const versions = Object.entries({ ...named, ...optionalDependencies });
    expect(versions.length).toBeGreaterThan(0);
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(`${version}`))).toEqual([]);
  });

  test("are locked at the versions of the manifest", () => {
    const { dependencies, devDependencies } = json(`${name}.json`);
    const versions = Object.fromEntries(locked().map(([path, { version }]) => [path, version]));
    for (const [each, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      expect({ each, version: versions[`node_modules/${each}`] }).toEqual({
        each,
        version: String(version),
      });
    }
  });

  test("have integrity hashes, those for other platforms too, and are not links", () => {
    const packages = locked();
    const hasHash = ({ integrity }: Locked) => /^sha512-.{86}==$/.test(`${integrity}`);
    expect(packages.filter(([, entry]) => !hasHash(entry))).toEqual([]);
    expect(packages.filter(([, { link }]) => link === true)).toEqual([]);
  });
});

describe("The audit of dependencies", () => {
  const clean = { auditReportVersion: 2, vulnerabilities: {}, metadata: counted(0) };
  const refusal = {
    message: "405 Method Not Allowed - POST https://registry.example/-/npm/v1/security",
    method: "POST",
    statusCode: 405,
    error: { summary: "", detail: "" },
  };
  const vulnerable = {
    auditReportVersion: 2,
    vulnerabilities: { valibot: { name: "valibot", severity: "high", range: "<1.2.0" } },
    metadata: counted(1),
  };
  const unlocked = { error: { code: "ENOLOCK", summary: "This command requires a lockfile." } };

  function counted(total: number) {
    return { vulnerabilities: { total } };
  }

  test.each([
    ["nothing found", clean, 0, "clean"],
    ["a finding", vulnerable, 1, "vulnerable"],
    // As with --audit-level.
    ["a finding that npm tolerates", vulnerable, 0, "vulnerable"],
    ["a registry that refuses audits", refusal, 1, "not available"],
    ["no network", { message: "request to https://registry.example failed" }, 1, "not available"],
    ["no lock file", unlocked, 1, "failed"],
    ["findings that are counted but not named", { metadata: counted(2) }, 1, "failed"],
    ["an empty answer", {}, 0, "failed"],
  ] as const)("recognises %s", (_, answer, exitCode, outcome) => {
    expect(auditOf(JSON.stringify(answer), exitCode).outcome).toBe(outcome);
  });

  test("fails on output that is not JSON", () => {
    expect(auditOf("npm: not found", 127).outcome).toBe("failed");
  });

  test.each([
    ["passes without findings", clean, 0, 0, "No known vulnerabilities"],
    ["passes with a remark if the registry refuses", refusal, 1, 0, "Not audited: the registry"],
    ["fails on a finding, and names it", vulnerable, 1, 1, "valibot <1.2.0: high"],
    ["fails if npm audit fails", unlocked, 1, 1, "This command requires a lockfile."],
  ])("%s", async (_, answer, npmCode, exitCode, text) => {
    const directory = temporaryDirectory();
    const npm = `#!/bin/sh\ncat <<'END'\n${JSON.stringify(answer)}\nEND\nexit ${npmCode}\n`;
    writeFileSync(join(directory, "npm"), npm);
    chmodSync(join(directory, "npm"), 0o755);
    const child = Bun.spawn([process.execPath, join(ROOT, ".ci/audit.ts"), directory], {
      env: { ...process.env, PATH: `${directory}:${process.env["PATH"]}` },
      stdout: "pipe",
    });
    expect(await child.stdout.text()).toContain(text);
    expect(await child.exited).toBe(exitCode);
  });
});

const hasStrace = Bun.which("strace") !== null;
if (!hasStrace) console.log("strace not found: network access of the binaries is not tested");

describe.skipIf(!hasStrace)("No network access at run time:", () => {
  /** System calls of a command for network sockets. Socket pairs, Bun's pipes, are left out. */
  async function networkCalls(command: readonly string[], input = "") {
    const file = join(temporaryDirectory(), "calls");
    const watched = ["strace", "-f", "-e", "trace=socket,bind,connect", "-o", file, ...command];
    const ended = await run(watched, input, { cwd: temporaryDirectory() });
    const lines = readFileSync(file, "utf8").split("\n");
    return { ...ended, calls: lines.filter((text) => /^\d+ +\w+\(/.test(text)) };
  }

  const challenges = [...new Glob("*.ts").scanSync(join(ROOT, "challenges"))].map((file) =>
    basename(file, ".ts"),
  );
  test.concurrent.each(challenges)("dist/%s", async (name) => {
    const { lines, exitCode, calls } = await networkCalls([join(DIST, name)], INIT);
    const bodies = lines.map((line) => JSON.parse(line).body);
    expect(bodies).toContainEqual(INIT_OK);
    expect({ exitCode, calls }).toEqual({ exitCode: 0, calls: [] });
  });

  test.concurrent("dist/vortex test, with its report", async () => {
    const command = [join(DIST, "vortex"), ...echoTest(ECHO, "--report")];
    const { exitCode, calls } = await networkCalls(command);
    expect({ exitCode, calls }).toEqual({ exitCode: 0, calls: [] });
  });

  test.concurrent("a program that connects is detected", async () => {
    const program = `Bun.connect({ hostname: "127.0.0.1", port: 9, socket: { data() {} } })`;
    const { calls } = await networkCalls([process.execPath, "-e", program]);
    expect(calls.join("\n")).toContain("AF_INET");
  });
});

describe("The client of NATS", () => {
  test("is in the workbench's binary, and in that of no challenge", async () => {
    const challenges = [...new Glob("challenges/*.ts").scanSync(ROOT)];
    const names = challenges.map((file) => basename(file, ".ts"));
    expect(names.length).toBeGreaterThan(8);
    const found = [];
    for (const name of [...names, "vortex"]) {
      const binary = Buffer.from(await Bun.file(join(DIST, name)).arrayBuffer());
      if (binary.includes("$JS.API") || binary.includes("_INBOX")) found.push(name);
    }
    expect(found).toEqual(["vortex"]);
  });
});
