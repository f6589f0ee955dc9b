/** Posts messages between the page and its workers, numbers as they were written included. */
import { parseJson, stringifyJson } from "../../../vortex/index.ts";
import { storable } from "../../store/json-layout.ts";

/** A message as it arrives: cloned, or as JSON. */
export type Posted<T extends object> = T | string;

/**
 * Posts a message. One that holds a number which JavaScript cannot represent, such as `1.0`, is posted as
 * JSON: engines refuse to clone a `RawNumber`.
 *
 * @throws {TypeError | RangeError} if it is not JSON either.
 */
export function post(port: Pick<MessagePort, "postMessage">, message: object): void {
  try {
    port.postMessage(message);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    port.postMessage(stringifyJson(storable(message)));
  }
}

/**
 * Returns the message that was posted.
 *
 * @throws {SyntaxError} if it is a text that is not JSON.
 */
export function received<T extends object>(posted: Posted<T>): T {
  // Its sender's types say what it is; the page checks what a worker sends.
  return typeof posted === "string" ? (parseJson(posted) as T) : posted;
}
