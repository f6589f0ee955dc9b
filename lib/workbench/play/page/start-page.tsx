/** Lists the programs to open. */
import { visible } from "../../report/page/parts/visible-text.ts";
import type { Example } from "../site/site-data.ts";
import { exampleAddress } from "./origin.ts";

interface StartPageProps {
  readonly examples: readonly Example[];
  /** Why the address could not be opened. */
  readonly problem: string | undefined;
}

export function StartPage({ examples, problem }: StartPageProps) {
  const groups = Map.groupBy(examples, ({ group }) => group);
  return (
    <>
      {problem === undefined ? null : (
        <p class="notice" role="alert">
          {visible(problem)}
        </p>
      )}
      <p class="lead">
        Write the nodes of a distributed system, run them in a simulated cluster with faults, and
        watch every message. All of it happens in this page: nothing leaves your browser.
      </p>
      <div class="groups">
        {[...groups].map(([group, members]) => (
          <section key={group}>
            <h2>{group}</h2>
            <ul>
              {members.map(({ id, title }) => (
                <li key={id}>
                  <a href={exampleAddress(id)}>{title}</a>
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </>
  );
}
