/**
 * The frame in which programs run. It decides what they can reach.
 *
 * A program may come with a link, so it is hostile. It runs in a worker, which an endless loop cannot
 * keep from being ended. The worker belongs to a frame of an opaque origin, which has no storage and no
 * part in the page; and the frame's policy, which the worker inherits because its script is a blob,
 * allows no connection. Modules of the program are blobs too: nothing else can be imported.
 *
 * @see https://html.spec.whatwg.org/#attr-iframe-sandbox
 * @see https://www.w3.org/TR/CSP3/, `connect-src`, `script-src`, `worker-src`
 */

/** Of the frame and its workers. A page with a policy of its own must allow as much: both apply. */
export const FRAME_POLICY =
  "default-src 'none'; connect-src 'none'; script-src 'unsafe-inline' blob:; worker-src blob:";

/** A request of the page to the frame. A start comes with the port for the worker's requests. */
export type FrameRequest =
  | { readonly type: "start"; readonly id: number; readonly script: string }
  | { readonly type: "end"; readonly id: number };

/** The page's window. The types of Bun, with which the site is bundled, lack it. */
declare const parent: { postMessage(message: string, targetOrigin: string): void };

/** Runs in the frame: its source becomes the frame's script, so it uses nothing of this module. */
function runFrame(): void {
  const workers = new Map<number, Worker>();
  addEventListener("message", ({ source, data, ports }: MessageEvent<FrameRequest>) => {
    const sender: unknown = source;
    if (sender !== parent) return;
    if (data.type === "end") {
      workers.get(data.id)?.terminate();
      workers.delete(data.id);
      return;
    }
    const address = URL.createObjectURL(new Blob([data.script], { type: "text/javascript" }));
    const worker = new Worker(address);
    workers.set(data.id, worker);
    worker.postMessage(undefined, [...ports]);
  });
  parent.postMessage("ready", "*");
}

/** The frame's document. */
export const FRAME_HTML = `<!doctype html>
<meta http-equiv="Content-Security-Policy" content="${FRAME_POLICY}">
<script>(${runFrame})()</script>`;
