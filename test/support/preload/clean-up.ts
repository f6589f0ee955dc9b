/** Preloaded by `bun test`: removes the directories that tests have created. */
import { afterAll } from "bun:test";
import { removeTemporaryDirectories } from "../processes/vortex.ts";

afterAll(removeTemporaryDirectories);
