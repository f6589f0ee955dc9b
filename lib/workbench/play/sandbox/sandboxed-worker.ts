/** A worker that runs programs, as the page sees it. Does not depend on the DOM. */
import { type Posted, post, received } from "../engine/post.ts";
import type { Reply, Request } from "../engine/protocol.ts";

/** The worker was ended before it replied. */
export class Stopped extends Error {
  override readonly name = "Stopped";
}

/** Starts workers. */
export interface WorkerSource {
  /** Starts a worker. It takes requests at once. */
  start(): SandboxedWorker;
}

/**
 * A worker, which answers requests in their order.
 *
 * Its replies are what the program makes of them: show their texts as text.
 */
export class SandboxedWorker {
  readonly #port: MessagePort;
  readonly #end: () => void;
  readonly #waiting: { resolve(reply: Reply): void; reject(error: Error): void }[] = [];
  #isStopped = false;

  constructor(port: MessagePort, end: () => void) {
    this.#port = port;
    this.#end = end;
    port.onmessage = ({ data }: { readonly data: Posted<Reply> }) => {
      const waiting = this.#waiting.shift();
      try {
        waiting?.resolve(received(data));
      } catch (error) {
        // A text that is not JSON: not of the engine.
        waiting?.reject(new Error("The worker's reply cannot be read", { cause: error }));
      }
    };
  }

  /** @throws {Stopped} if the worker is ended before it replies. */
  request(request: Request): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#isStopped) {
        reject(new Stopped("The worker has been ended"));
        return;
      }
      this.#waiting.push({ resolve, reject });
      post(this.#port, request);
    });
  }

  /** Ends the worker, whatever it is doing. */
  stop(): void {
    this.#isStopped = true;
    this.#end();
    this.#port.close();
    for (const { reject } of this.#waiting.splice(0)) {
      reject(new Stopped("The worker was ended before it replied"));
    }
  }
}
