import { leased } from "../subtle/lin-kv.ts";

export const leasingStore = leased("broken");
