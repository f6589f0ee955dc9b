import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectNats, type NatsOptions } from "../../../../lib/workbench/nats/connection.ts";
import {
  describeNats,
  type NatsConfig,
  type NatsServer,
  startNats,
} from "../../../support/nats.ts";
import { temporaryDirectory } from "../../../support/processes/vortex.ts";

setDefaultTimeout(60_000);

/** Connects, and returns the error's message. */
async function refusal(options: NatsOptions): Promise<string> {
  const nats = await connectNats(options, { name: "test", onRemark: () => {} }).catch(
    (error: Error) => error,
  );
  if (nats instanceof Error) return `${nats.name}: ${nats.message}`;
  await nats.close();
  return "connected";
}

function fileOf(text: string): string {
  const file = join(temporaryDirectory(), "file");
  writeFileSync(file, text);
  return file;
}

describe("connectNats", () => {
  test("says that no server listens, and how to start one", async () => {
    expect(await refusal({ servers: ["nats://127.0.0.1:1"] })).toBe(
      "InvalidOptions: Cannot reach a NATS server at nats://127.0.0.1:1: nothing listens there. Start one, as in nats-server -js -a 127.0.0.1, or correct --nats",
    );
  });

  test.each([
    ["http://127.0.0.1:4222", 'InvalidOptions: --nats "http://127.0.0.1:4222" is not the URL'],
    ["nats://", 'InvalidOptions: --nats "nats://" is not the URL'],
    ["a b", 'InvalidOptions: --nats "a b" is not the URL'],
  ])("refuses %s", async (server, text) => {
    expect(await refusal({ servers: [server] })).toStartWith(text);
  });

  test.each(["nats://me:hunter2@127.0.0.1:4222", "me:hunter2@127.0.0.1", "x://me:hunter2@[::"])(
    "refuses a secret in a URL without repeating it: %s",
    async (server) => {
      const text = await refusal({ servers: [server] });
      expect(text).toStartWith("InvalidOptions: --nats ");
      expect(text).not.toContain("hunter2");
    },
  );

  test("refuses a file without credentials without repeating it", async () => {
    const credentials = fileOf("hunter2");
    const text = await refusal({ servers: ["127.0.0.1"], credentials });
    expect(text).toStartWith(`InvalidOptions: --nats-creds ${credentials} has no credentials`);
    expect(text).not.toContain("hunter2");
  });

  test("names a file that it cannot read", async () => {
    const servers = ["127.0.0.1"];
    expect(await refusal({ servers, credentials: "/none" })).toContain("--nats-creds /none");
    expect(await refusal({ servers, ca: "/none" })).toContain("Cannot read --nats-ca /none");
    expect(await refusal({ servers, ca: fileOf("x") })).toContain("is not in PEM format");
    expect(await refusal({ servers, cert: "/none" })).toContain("need each other");
  });
});

describeNats("connectNats", () => {
  const withServer = async (config: NatsConfig, use: (server: NatsServer) => Promise<void>) => {
    await using server = await startNats(config);
    await use(server);
  };

  test("connects to a server that restarts, and says so", async () => {
    await withServer({}, async (server) => {
      const remarks: string[] = [];
      const again = Promise.withResolvers<void>();
      const nats = await connectNats(
        { servers: [server.url] },
        {
          name: "test",
          onRemark: (text) => {
            remarks.push(text);
            if (text.startsWith("Connected")) again.resolve();
          },
        },
      );
      expect(nats.isConnected).toBe(true);
      await server.kill();
      const isConnected = () => nats.isConnected;
      while (isConnected()) await Bun.sleep(5);
      await server.start();
      await again.promise;
      expect(isConnected()).toBe(true);
      expect(remarks[0]).toBe("The connection to NATS is lost. Connecting again");
      expect(remarks.at(-1)).toBe(
        `Connected to NATS again, at ${server.url.replace("nats://", "")}`,
      );
      await nats.close();
      expect(nats.isConnected).toBe(false);
    });
  });

  test("waits for a server that is not there yet, if it is to", async () => {
    await withServer({}, async (server) => {
      await server.kill();
      const remarks: string[] = [];
      const connecting = connectNats(
        { servers: [server.url] },
        { name: "test", onRemark: (text) => remarks.push(text), isPatient: true },
      );
      while (remarks.length === 0) await Bun.sleep(5);
      await server.start();
      const nats = await connecting;
      expect(nats.isConnected).toBe(true);
      expect(remarks).toHaveLength(1);
      await nats.close();
    });
  });

  test("stops waiting when its signal is aborted", async () => {
    const stop = new AbortController();
    const connecting = connectNats(
      { servers: ["127.0.0.1:1"] },
      { name: "test", onRemark: () => stop.abort(), isPatient: true, signal: stop.signal },
    );
    await expect(connecting).rejects.toThrow("abort");
  });

  test("is admitted with user and password from a file", async () => {
    const config = { authorization: { user: "me", password: "hunter2" } };
    await withServer(config, async ({ url }) => {
      const servers = [url];
      expect(await refusal({ servers })).toContain("refuses these credentials");
      const wrong = await refusal({ servers, credentials: fileOf("me:hunter3\n") });
      expect(wrong).toContain("refuses these credentials");
      expect(wrong).not.toContain("hunter3");
      expect(await refusal({ servers, credentials: fileOf("me:hunter2\n") })).toBe("connected");
    });
  });

  test("connects to any server of a list, and to another one when it is gone", async () => {
    await using one = await startNats({ jetstream: false });
    await using other = await startNats({ jetstream: false });
    const again = Promise.withResolvers<string>();
    const onRemark = (text: string) => {
      if (text.startsWith("Connected")) again.resolve(text);
    };
    const servers = ["127.0.0.1:1", one.url, other.url];
    const nats = await connectNats({ servers }, { name: "test", onRemark });
    const isFirst = nats.connection.getServer() === new URL(one.url).host;
    const [used, left] = isFirst ? [one, other] : [other, one];
    await used.kill();
    expect(await again.promise).toBe(`Connected to NATS again, at ${new URL(left.url).host}`);
    await nats.close();
  });

  describe("with TLS", () => {
    let directory = "";
    const file = (name: string) => join(directory, name);
    let server: NatsServer;

    beforeAll(async () => {
      directory = temporaryDirectory();
      const san = file("san");
      writeFileSync(san, "subjectAltName=IP:127.0.0.1");
      const openssl = (...args: string[]) => {
        const { exitCode, stderr } = Bun.spawnSync(["openssl", ...args], { cwd: directory });
        if (exitCode !== 0) throw new Error(stderr.toString());
      };
      const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
      openssl("req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca");
      for (const name of ["server", "client"]) {
        const request = ["-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`];
        openssl("req", ...key, ...request);
        const ca = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", san];
        openssl("x509", "-req", "-in", `${name}.csr`, ...ca, "-out", `${name}.pem`);
      }
      server = await startNats({
        tls: {
          cert_file: file("server.pem"),
          key_file: file("server.key"),
          ca_file: file("ca.pem"),
          verify: true,
        },
      });
    });

    afterAll(async () => {
      await server[Symbol.asyncDispose]();
    });

    test("connects with the authority's and its own certificate", async () => {
      const options = { servers: [server.url], ca: file("ca.pem") };
      const own = { cert: file("client.pem"), key: file("client.key") };
      expect(await refusal({ ...options, ...own })).toBe("connected");
    });

    test("refuses a server whose authority it does not know", async () => {
      expect(await refusal({ servers: [server.url] })).toContain("--nats-ca");
    });

    test("says that the server asks for a certificate", async () => {
      expect(await refusal({ servers: [server.url], ca: file("ca.pem") })).toContain("--nats-cert");
    });
  });
});
