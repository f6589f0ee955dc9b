import { expect, test } from "bun:test";
import { syncedIn } from "./power.ts";

test("a file counts as synced under the name that it has then", () => {
  const trace = [
    "71 fsync(9</s/1.blk>) = 0",
    "71 fdatasync(10</s/2.blk>) = 0",
    "71 fsync(11</s/3.blk>) = -1 EIO (Input/output error)",
    "72 fsync(12</s/meta.tmp>) = 0",
    '72 renameat(AT_FDCWD</>, "/s/meta.tmp", AT_FDCWD</>, "/s/meta") = 0',
    '72 rename("/s/4.new", "/s/2.blk") = 0',
  ];
  expect([...syncedIn(trace.join("\n"))].sort()).toEqual(["/s/1.blk", "/s/meta"]);
});
