/** Runs programs in workers that reach neither the network, nor storage, nor the page. */
import { FRAME_HTML, type FrameRequest } from "./frame.ts";
import { SandboxedWorker, type WorkerSource } from "./sandboxed-worker.ts";

/** A frame whose workers run programs. */
export class Sandbox implements WorkerSource {
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
