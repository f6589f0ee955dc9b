/**
 * Connects to NATS servers.
 *
 * A connection that is lost is made again, for as long as it takes, with delays that grow and differ
 * between clients: a server that restarts is not met by all of them at once. Meanwhile the client queues
 * what is published without a limit, so callers bound what they send: by acknowledgements, or by
 * {@link Nats.isConnected}.
 */
import { readFileSync } from "node:fs";
import {
  AuthorizationError,
  connect,
  type NatsConnection,
  type NodeConnectionOptions,
} from "@nats-io/transport-node";
import { InvalidOptions } from "../invalid-options.ts";
import { systemErrorCode } from "../system-error.ts";
import { credentialsOfEnvironment, readCredentials } from "./credentials.ts";

export interface NatsOptions {
  /** URLs of servers of one cluster, such as `nats://10.0.0.1:4222`; any one is enough. */
  readonly servers: readonly string[];
  /** File of credentials. Without one, the environment may have some. */
  readonly credentials?: string;
  /** Files in PEM: authorities of the servers' certificates, the client's own certificate and its key. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface ConnectOptions {
  /** Shown to operators of the server. */
  readonly name: string;
  /** Called with a sentence when the connection is lost, made again, or refused. */
  readonly onRemark: (text: string) => void;
  /** Whether to wait for a server that is away, rather than to fail. */
  readonly isPatient?: boolean;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
}

export interface Nats {
  readonly connection: NatsConnection;
  readonly isConnected: boolean;
  /** Sends what is queued if there is a server, and closes the connection. */
  close(): Promise<void>;
}

/** How long to wait for a server's answer, in ms. */
const CONNECT_TIMEOUT_MS = 3000;
/** How long to wait for what is queued to leave, in ms. */
const CLOSE_TIMEOUT_MS = 2000;
/** Pings without an answer that end a connection: one that is cut says nothing. */
const PING_INTERVAL_MS = 5000;
const MAX_PINGS_OUT = 2;

/**
 * Connects to one of the servers.
 *
 * @throws {InvalidOptions} if an option is wrong, no server answers, or the server refuses.
 */
export async function connectNats(options: NatsOptions, more: ConnectOptions): Promise<Nats> {
  const backOff = new BackOff();
  const settings = settingsOf(options, more.name, backOff);
  let hasRemarked = false;
  for (;;) {
    try {
      return watch(await connect(settings), options, more, backOff);
    } catch (error) {
      const { text, isPassing } = explain(error, options);
      if (!more.isPatient || !isPassing) throw new InvalidOptions(text, { cause: error });
      if (!hasRemarked) more.onRemark(`${text}. Trying again until it answers`);
      hasRemarked = true;
      backOff.countAttempt();
      await sleep(backOff.delayMs, more.signal);
    }
  }
}

function settingsOf(options: NatsOptions, name: string, backOff: BackOff): NodeConnectionOptions {
  const { servers, credentials, ca, cert, key } = options;
  for (const server of servers) checkServer(server);
  if ((cert === undefined) !== (key === undefined)) {
    throw new InvalidOptions("--nats-cert and --nats-key need each other");
  }
  const authenticator =
    credentials === undefined
      ? credentialsOfEnvironment(process.env)
      : readCredentials(credentials);
  const isEncrypted = ca !== undefined || cert !== undefined || servers.some(asksForTls);
  return {
    name,
    servers: [...servers],
    timeout: CONNECT_TIMEOUT_MS,
    pingInterval: PING_INTERVAL_MS,
    maxPingOut: MAX_PINGS_OUT,
    maxReconnectAttempts: -1,
    reconnectDelayHandler: () => backOff.delayMs,
    // Credentials that are being replaced are refused for a while.
    ignoreAuthErrorAbort: true,
    ...(authenticator && { authenticator }),
    ...(isEncrypted && {
      tls: {
        ...(ca !== undefined && { ca: readPem("--nats-ca", ca) }),
        ...(cert !== undefined && { cert: readPem("--nats-cert", cert) }),
        ...(key !== undefined && { key: readPem("--nats-key", key) }),
      },
    }),
  };
}

const asksForTls = (server: string) => server.startsWith("tls://");

/** @throws {InvalidOptions} if the text is not the URL of a server, or contains a secret. */
function checkServer(server: string): void {
  const url = URL.parse(server.includes("://") ? server : `nats://${server}`);
  if (url === null || !["nats:", "tls:"].includes(url.protocol) || url.hostname === "") {
    // The text may contain a password.
    const shown = server.replace(/^([^@/]*:\/\/)?.*@/, "$1…@");
    throw new InvalidOptions(
      `--nats "${shown}" is not the URL of a server. It looks like nats://127.0.0.1:4222, or tls://… for TLS`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new InvalidOptions(
      `--nats must not contain credentials: every user of this machine can list its processes. Write them to a file for --nats-creds (${server.includes("://") ? url.protocol : "nats:"}//${url.host} stays in --nats), or set NATS_USER and NATS_PASSWORD, or NATS_TOKEN`,
    );
  }
}

function readPem(flag: string, file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidOptions(`Cannot read ${flag} ${file}: ${reason}`);
  }
  if (text.includes("-----BEGIN ")) return text;
  throw new InvalidOptions(`${flag} ${file} is not in PEM format: it has no "-----BEGIN" line`);
}

interface Explanation {
  readonly text: string;
  /** Whether to try again may help. */
  readonly isPassing: boolean;
}

function explain(error: unknown, { servers, cert }: NatsOptions): Explanation {
  const where = servers.join(", ");
  const causes = causesOf(error);
  const code = causes.map(systemErrorCode).find((known) => known !== undefined);
  const reason = causes.map(({ message }) => message).join(": ");
  if (causes.some((cause) => cause instanceof AuthorizationError)) {
    return {
      text: `The NATS server at ${where} refuses these credentials. Give others with --nats-creds, or NATS_USER and NATS_PASSWORD, or NATS_TOKEN`,
      isPassing: false,
    };
  }
  if (/certificate|self.signed|altname|SSL|TLS/i.test(reason)) {
    return {
      text: `No encrypted connection to the NATS server at ${where} (${reason}). Name the authority of its certificate with --nats-ca, and your own certificate with --nats-cert and --nats-key if it asks for one`,
      isPassing: false,
    };
  }
  const what = code === "ECONNREFUSED" ? "nothing listens there" : reason;
  // A client learns that its certificate is missing only by the end of the connection.
  const advice =
    servers.some(asksForTls) && cert === undefined && code === undefined
      ? ", or name your certificate with --nats-cert and --nats-key if it asks for one"
      : "";
  return {
    text: `Cannot reach a NATS server at ${where}: ${what}. Start one, as in nats-server -js -a 127.0.0.1, or correct --nats${advice}`,
    isPassing: true,
  };
}

/** The error and what led to it. */
function causesOf(error: unknown): Error[] {
  const causes: Error[] = [];
  for (let each = error; each instanceof Error && causes.length < 5; each = each.cause) {
    causes.push(each);
  }
  return causes;
}

function watch(
  connection: NatsConnection,
  options: NatsOptions,
  { onRemark }: ConnectOptions,
  backOff: BackOff,
): Nats {
  let isConnected = true;
  let lastReport: string | undefined;
  backOff.reset();
  const follow = async () => {
    for await (const status of connection.status()) {
      if (status.type === "disconnect" && !connection.isClosed()) {
        if (isConnected) onRemark("The connection to NATS is lost. Connecting again");
        isConnected = false;
      } else if (status.type === "reconnecting") {
        backOff.countAttempt();
      } else if (status.type === "reconnect") {
        isConnected = true;
        backOff.reset();
        onRemark(`Connected to NATS again, at ${status.server}`);
      } else if (status.type === "error") {
        const text = `NATS reports: ${explainStatus(status.error, options)}`;
        // Each attempt is refused for the same reason.
        if (text !== lastReport) onRemark(text);
        lastReport = text;
      }
    }
  };
  void follow();
  return {
    connection,
    get isConnected() {
      return isConnected && !connection.isClosed();
    },
    async close() {
      if (connection.isClosed()) return;
      // Without a server, draining waits for one; it fails if the server goes meanwhile.
      const drained = isConnected ? connection.drain().catch(() => {}) : undefined;
      const { promise: isLate, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, CLOSE_TIMEOUT_MS);
      await Promise.race([drained, isLate]);
      clearTimeout(timer);
      await connection.close();
    },
  };
}

function explainStatus(error: Error, options: NatsOptions): string {
  return error instanceof AuthorizationError ? explain(error, options).text : error.message;
}

/** Delay between attempts to connect: doubles with each, and is drawn from the upper half. */
class BackOff {
  static readonly #FIRST_MS = 100;
  static readonly #MAX_MS = 5000;
  #limitMs = BackOff.#FIRST_MS;

  /** The client may ask several times between two attempts. */
  get delayMs(): number {
    return this.#limitMs * (0.5 + Math.random() / 2);
  }

  countAttempt(): void {
    this.#limitMs = Math.min(2 * this.#limitMs, BackOff.#MAX_MS);
  }

  reset(): void {
    this.#limitMs = BackOff.#FIRST_MS;
  }
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
