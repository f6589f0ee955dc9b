import { textbookRaft } from "../subtle/raft.ts";

export const textbookStore = textbookRaft("broken");
