/**
 * Transcripts of gossipers, as text: calls and what follows from them. `test/support/transcript.ts`
 * explains the format. The commands:
 *
 * ```
 * nodes n0 n1 n2 cycle=400 latency=100   starts nodes; both options in ms
 * add n2 "a" 7                           gives a node values
 * run 1000                               lets time pass, in ms; prints each message when it is sent
 * cut n0 n1->n2                          loses messages from and to a node, or in one direction
 * heal                                   ends all cuts
 * restart n1                             kills a node and starts it again
 * values                                 prints the values that each node shows
 * ```
 *
 * A message is printed as its time in ms, the incarnations of sender and receiver (`?` where the
 * sender does not know the receiver's), and its fields. They are shortened: `news=n2~1[3..5]:7,8,9`
 * are the values 3 to 5 of origin `n2~1`, `have={n2~1:6}` says that the sender holds six values of
 * it, `echo=500+100` is a timestamp of 500 that was held for 100 ms. `at` is shown where the
 * sender's clock differs from the transcript's.
 */
import type { Run } from "../../../challenges/broadcast/origin-log.ts";
import { parseJson, stringifyJson } from "../../../lib/vortex/index.ts";
import { type Commands, Player } from "../../support/transcript.ts";
import { GossiperCluster, type Sent } from "./gossiper-cluster.ts";

export class GossiperPlayer extends Player {
  #ids: readonly string[] = [];
  #cluster = new GossiperCluster({ ids: [], flushMs: 0 });
  readonly #cuts = new Set<string>();

  protected readonly commands: Commands = {
    nodes: (args) => this.#start(args),
    add: ([id = "", ...values]) => {
      for (const value of values) this.#cluster.add(id, parseJson(value));
    },
    run: ([ms]) => this.#cluster.advance(Number(ms)),
    cut: (cuts) => {
      for (const cut of cuts) this.#cuts.add(cut);
    },
    heal: () => this.#cuts.clear(),
    restart: ([id = ""]) => this.#cluster.start(id),
    values: () => {
      for (const [index, values] of this.#cluster.values().entries()) {
        this.lines.push(`${this.#ids[index]} ${values.map(stringifyJson).join(" ")}`.trimEnd());
      }
    },
  };

  #start(args: readonly string[]): void {
    const settings = new Map(
      args.filter((arg) => arg.includes("=")).map((arg) => arg.split("=") as [string, string]),
    );
    this.#ids = args.filter((arg) => !arg.includes("="));
    this.#cluster = new GossiperCluster({
      ids: this.#ids,
      flushMs: Number(settings.get("cycle") ?? 400),
    });
    const latencyMs = Number(settings.get("latency") ?? 100);
    this.#cluster.route = (message) => {
      const isCut = this.#isCut(message);
      this.lines.push(this.#show(message) + (isCut ? " (lost)" : ""));
      return isCut ? [] : [latencyMs];
    };
  }

  #isCut({ src, dest }: Sent): boolean {
    return [src, dest, `${src}->${dest}`].some((cut) => this.#cuts.has(cut));
  }

  #show({ src, dest, body }: Sent): string {
    const time = String(this.#cluster.nowMs()).padStart(5);
    if (body.type === "eager") {
      return `${time} ${src} -> ${dest} eager ${body.values.map(stringifyJson).join(",")}`;
    }
    const { type: _, from, to = `${dest}~?`, ...fields } = body;
    const shown = Object.entries({ ...fields, ...showFields(body) })
      .filter(([name, value]) => name !== "at" || value !== Math.floor(this.#cluster.nowMs()))
      .map(([name, value]) => (value === true ? name : `${name}=${value}`));
    return `${time} ${from} -> ${to} ${shown.join(" ")}`;
  }
}

/** The fields of a message that are shortened. */
function showFields({ echo, have, news }: Extract<Sent["body"], { type: "gossip" }>) {
  return {
    ...(echo === undefined ? {} : { echo: echo.join("+") }),
    ...(have === undefined ? {} : { have: `{${have.map((pair) => pair.join(":")).join(" ")}}` }),
    ...(news === undefined ? {} : { news: news.map(showRun).join(" ") || "none" }),
  };
}

function showRun([origin, first, ...values]: Run): string {
  const last = first + values.length - 1;
  const numbers = last === first ? `${first}` : `${first}..${last}`;
  return `${origin}[${numbers}]:${values.map(stringifyJson).join(",")}`;
}
