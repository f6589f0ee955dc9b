/** lin-kv, which logs how often its disk has synced: see `../raft-throughput.ts`. */
import { linKv } from "../../../challenges/lin-kv.ts";
import { FileDisk } from "../../../lib/vortex/file-disk.ts";
import { serve, withOptions } from "../../../lib/vortex/index.ts";

const { sync } = FileDisk.prototype;
let syncCount = 0;
FileDisk.prototype.sync = function (this: FileDisk): Promise<void> {
  syncCount++;
  return sync.call(this);
};

const counted = withOptions(linKv.options, (node, options) => {
  node.every(1000, () => node.log(`synced ${syncCount} times`));
  linKv(node, options);
});

await serve(counted);
