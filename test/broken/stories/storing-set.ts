import { sharedSync } from "../subtle/sets.ts";

export const storingSet = sharedSync("broken");
