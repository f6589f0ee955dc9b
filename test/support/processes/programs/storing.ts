/** A node that stores numbers on its disk, and acknowledges each when it is stored. */
import * as v from "valibot";
import { type Node, serve } from "../../../../lib/vortex/index.ts";

function storing(node: Node): void {
  const Any = v.object({});
  const log = node.storage.of(v.array(v.number()));
  const values = log.readAll().flat();

  node.handle("values", Any, () => ({ type: "values_ok", values }));

  node.handle("store", v.object({ value: v.number() }), async ({ body: { value } }) => {
    values.push(value);
    log.append([value]);
    await log.sync();
    return { type: "store_ok", value };
  });

  node.handle("compact", Any, async () => {
    log.replace([values]);
    await log.sync();
    return { type: "compact_ok" };
  });
}

if (import.meta.main) await serve(storing);
