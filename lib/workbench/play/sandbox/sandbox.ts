/** Runs programs in workers that reach neither the network, nor storage, nor the page. */
import { type Posted, post, received } from "../engine/post.ts";
import type { Reply, Request } from "../engine/protocol.ts";
import { FRAME_HTML, type FrameRequest } from "./frame.ts";

/** The worker was ended before it replied. */
export class Stopped extends Error {
  override readonly name = "Stopped";
}

/** A frame whose workers run programs. */
export class Sandbox {
  readonly #script: string;
  readonly #frame = document.createElement("iframe");
  readonly #isReady: Promise<void>;
  #workerCount = 0;

  /**
   * @param script The bundled `engine/worker.ts`.
   * @param html The frame's document. A page whose policy names the scripts that may run passes one that
   *   it knows.
   */
  constructor(script: string, html = FRAME_HTML) {
    this.#script = script;
    this.#frame.setAttribute("sandbox", "allow-scripts");
    this.#frame.hidden = true;
    this.#frame.title = "The worker of the program";
    this.#frame.srcdoc = html;
    this.#isReady = new Promise((resolve) => {
      const onMessage = ({ source }: MessageEvent) => {
        if (source !== this.#frame.contentWindow) return;
        removeEventListener("message", onMessage);
        resolve();
      };
      addEventListener("message", onMessage);
    });
    document.body.append(this.#frame);
  }

  /** Starts a worker. It takes requests at once. */
  start(): SandboxedWorker {
    const id = this.#workerCount++;
    const { port1, port2 } = new MessageChannel();
    void this.#isReady.then(() => {
      this.#send({ type: "start", id, script: this.#script }, [port2]);
    });
    return new SandboxedWorker(port1, () => {
      void this.#isReady.then(() => this.#send({ type: "end", id }));
    });
  }

  #send(request: FrameRequest, ports: Transferable[] = []): void {
    // The frame's origin is opaque: it has no name.
    this.#frame.contentWindow?.postMessage(request, "*", ports);
  }
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
    port.onmessage = ({ data }: MessageEvent<Posted<Reply>>) => {
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
