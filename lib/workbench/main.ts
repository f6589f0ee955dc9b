/** The `vortex` command. */
import { Command } from "commander";

const program = new Command("vortex").description(
  "Runs and judges the nodes of a distributed system, as Maelstrom does",
);

await program.parseAsync();
