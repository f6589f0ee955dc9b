/** A link that holds the program, its options, the seed and the decisions. */
import { useEffect, useRef, useState } from "preact/hooks";
import { encodeLink } from "../link.ts";
import { CopyButton } from "./copy-button.tsx";
import { toLink, type Work } from "./work.ts";

type Link = { readonly address: string } | { readonly problem: string };

async function linkTo(work: Work): Promise<Link> {
  try {
    const [base = ""] = location.href.split(/[?#]/);
    return { address: `${base}#${await encodeLink(toLink(work))}` };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

export function Share({ work }: { readonly work: Work }) {
  const [link, setLink] = useState<Link>();
  // The link is of the work at that time.
  useEffect(() => setLink(undefined), [work]);
  const latest = useRef(work);
  latest.current = work;
  const share = async () => {
    const made = await linkTo(work);
    // The reader may have changed it since.
    if (latest.current === work) setLink(made);
  };
  return (
    <div class="share">
      {link === undefined ? (
        <button type="button" onClick={() => void share()}>
          Share
        </button>
      ) : "problem" in link ? (
        <p class="problem" role="alert">
          It cannot be shared: {link.problem}
        </p>
      ) : (
        <>
          <label>
            Link{" "}
            <input
              type="text"
              readOnly
              value={link.address}
              onFocus={({ currentTarget }) => currentTarget.select()}
            />
          </label>
          <CopyButton text={link.address} label="Copy the link" />
          <span class="hint">
            The link holds the program, the options and the seed; no server sees them. It opens in
            any playground: to use another one, replace what comes before the #.
          </span>
        </>
      )}
    </div>
  );
}
