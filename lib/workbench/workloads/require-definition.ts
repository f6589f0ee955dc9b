/** A definition is not a workload. Its stack trace starts at the definition. */
export class InvalidWorkload extends Error {
  override readonly name = "InvalidWorkload";

  /** @param caller The public function: the stack trace starts at its caller. */
  constructor(message: string, caller: (...args: never[]) => unknown) {
    super(message);
    Error.captureStackTrace(this, caller);
  }
}

/**
 * Checks a definition at run time: a user's file is loaded without a look at its types.
 *
 * @param known The fields that a definition may have.
 * @returns What is wrong with it, and what to do; `undefined` if nothing is.
 */
export function problemOf(definition: unknown, known: readonly string[]): string | undefined {
  if (!isObject(definition)) return "A workload needs operations, generators and a check";
  const unknown = Object.keys(definition).find((field) => !known.includes(field));
  if (unknown !== undefined) {
    return `A workload has no field "${unknown}", only ${known.join(", ")}`;
  }
  const { operations, generators, check, nodes, options, name }: Record<string, unknown> = {
    ...definition,
  };
  if (name !== undefined && typeof name !== "string") return "The name of a workload is a text";
  if (typeof generators !== "function") {
    return 'A workload needs generators: () => ({ main: () => ({ f: "read" }) })';
  }
  if (typeof check !== "function") {
    return "A workload needs a check: a function from a history to a verdict";
  }
  if (
    nodes !== undefined &&
    nodes !== "all" &&
    nodes !== "last-ok" &&
    typeof nodes !== "function"
  ) {
    return 'The nodes of a workload are "all", "last-ok", or a function that chooses one';
  }
  const [option] = Object.entries(options ?? {}).find(([, schema]) => !isSchema(schema)) ?? [];
  if (option !== undefined) {
    return `The option "${option}" must be a valibot schema, such as v.optional(v.number(), 3)`;
  }
  return typeof operations === "function" ? undefined : problemOfOperations(operations);
}

/** The same for the operations, which a function may make for each client. */
export function problemOfOperations(operations: unknown): string | undefined {
  const entries = isObject(operations) ? Object.entries(operations) : [];
  if (entries.length === 0) return "A workload needs operations: { read: rpc({ ... }) }";
  const [name] = entries.find(([, one]) => !isOperation(one)) ?? [];
  if (name === undefined) return undefined;
  return `The operation "${name}" must be what rpc or operation returns`;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isOperation(value: unknown): boolean {
  return isObject(value) && "run" in value && typeof value.run === "function";
}

function isSchema(value: unknown): boolean {
  return isObject(value) && "kind" in value && value.kind === "schema";
}
