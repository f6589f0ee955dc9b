/** The command that repeats the run on a shell. */
import { visible } from "../../report/page/parts/visible-text.ts";
import { CopyButton } from "./copy-button.tsx";
import { commandOf, needsDecisionsFile, type Work } from "./work.ts";

export function CommandLine({ work }: { readonly work: Work }) {
  const command = commandOf(work);
  return (
    <div class="command-line">
      <span class="quiet">On the command line:</span>
      <code>{visible(command)}</code>
      <CopyButton text={command} label="Copy the command" />
      {needsDecisionsFile(work) ? (
        <a
          download="decisions.json"
          href={`data:application/json,${encodeURIComponent(JSON.stringify(work.decisions))}`}
        >
          decisions.json
        </a>
      ) : null}
    </div>
  );
}
