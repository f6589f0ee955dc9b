/**
 * Derives the dependencies of register transactions (ww, wr, rw) from versions and their order.
 *
 * @see Elle 0.2.2, elle.rw-register/graph
 */
import { isSameJson } from "../../../../protocol/json-key.ts";
import { quote } from "../../wording.ts";
import type { LabelledTxn, TransactionDependencies } from "../cycles/explain-cycle.ts";
import { GraphBuilder } from "../cycles/graph.ts";
import { type Relations, RW, WR, WW } from "../cycles/relations.ts";
import type { TransactionHistory } from "../transactions.ts";
import { external, type RegisterVersions } from "./register-versions.ts";

export class RegisterDependencies implements TransactionDependencies {
  readonly builder: GraphBuilder;
  readonly isEmpty: boolean;
  readonly #versions: RegisterVersions;

  /** @throws {Error} if a value that was read was written by several transactions. */
  constructor({ transactions }: TransactionHistory, versions: RegisterVersions) {
    const builder = new GraphBuilder(transactions.length);
    versions.forEachRead((version, readers) => {
      const writer = versions.onlyWriter(version);
      if (writer === undefined) return;
      // A transaction that read its own later write depends on itself.
      for (const reader of readers) builder.link(writer, reader, WR);
    });
    let isEmpty = true;
    versions.forEachOrdered((version, after) => {
      const overwriters = [...after].flatMap((next) => versions.writers(next));
      const writers = versions.writers(version);
      const readers = versions.readers(version);
      builder.linkAll(writers, overwriters, WW);
      builder.linkAll(readers, overwriters, RW);
      // Elle counts a transaction that would only depend on itself.
      isEmpty &&= overwriters.length === 0 || writers.length + readers.length === 0;
    });
    this.builder = builder;
    this.isEmpty = isEmpty && builder.isEmpty;
    this.#versions = versions;
  }

  explain(relation: Relations, from: LabelledTxn, to: LabelledTxn): string {
    const before = external(from.transaction.steps);
    const after = external(to.transaction.steps);
    if (relation === WR) {
      for (const [, key, value] of before.writes) {
        if (!after.reads.some(([, k, v]) => isSameJson(k, key) && isSameJson(v, value))) continue;
        return `${from.label} wrote key ${quote(key)} = ${quote(value)}, which ${to.label} read (wr)`;
      }
    }
    for (const [, key, value] of relation === WW ? before.writes : before.reads) {
      for (const [, k, next] of after.writes) {
        if (!isSameJson(k, key) || !this.#versions.precedes(key, value, next)) continue;
        const did = relation === WW ? "wrote" : "read";
        const label = relation === WW ? "ww" : "rw";
        return (
          `${from.label} ${did} key ${quote(key)} = ${quote(value)}, ` +
          `and ${to.label} wrote ${quote(next)}, a later version (${label})`
        );
      }
    }
    return `${from.label} precedes ${to.label}`;
  }
}
