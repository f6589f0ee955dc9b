/** Ready models, each with the operations that it expects. Map others to these with `map`. */

export { type Balances, type BankOptions, bank } from "./bank.ts";
export { casMap } from "./cas-map.ts";
export { counterModel } from "./counter.ts";
export { expiringLock, type FencedLockState, fencedLock, mutex } from "./locks.ts";
export { appendOnlyLog } from "./log.ts";
export { fifoQueue, stack } from "./queue.ts";
export { register } from "./register.ts";
export { set } from "./set.ts";
