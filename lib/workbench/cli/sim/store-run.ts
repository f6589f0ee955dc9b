import { resolve } from "node:path";
import { playAddress } from "../../play/address.ts";
import { linkRun } from "../../play/server/link-run.ts";
import type { TestOptions } from "../../run/test-options.ts";
import { remark } from "../live.ts";
import { remarkLocation, reportRun } from "../report.ts";
import { openStoreOf } from "../store-flags.ts";
import type { Run, SimFlags, Subject } from "./subject.ts";

/**
 * Stores a simulated run like one on processes, and writes its report.
 *
 * @param shrunkFrom The command of the test that was reduced to this one, if it was.
 */
export async function storeRun(
  { file, args, decisions, replay }: Subject,
  options: TestOptions,
  run: Run,
  { store: root, export: exportName }: Pick<SimFlags, "store" | "export">,
  shrunkFrom?: string,
): Promise<void> {
  const { trace, ...end } = run;
  const bin = resolve(file);
  const link = await linkRun({ file, exportName, args, options, decisions });
  const description = {
    ...{ command: replay(options), bin, args, options },
    ...(link === undefined ? {} : { playground: playAddress(link) }),
    ...(shrunkFrom === undefined ? {} : { shrunkFrom }),
  };
  const store = openStoreOf(root, description, remark, "Choose another directory with --store");
  for (const event of trace.events) {
    if (event.kind === "operation") store.addOperation(event.operation);
    else store.addMessage(event.event);
  }
  for (const line of trace.logs) store.addLog(line);
  if (end.result !== undefined) store.addResults(end.result);
  else store.addCrash(end.crash.message);
  store.close();
  await reportRun(store, remark);
  remarkLocation(store);
}
