/**
 * A faster `v.safeParse` for the kinds of schemas that messages use.
 *
 * Compiles a schema once into a function that returns the schema's output, or leaves the value to
 * valibot. Only valibot refuses a value and explains why; it also runs the parts of a schema that are
 * unknown here. So the schema stays the single source, and the result is always valibot's.
 */
import * as v from "valibot";

/** A synchronous valibot schema. */
export type Schema = v.GenericSchema;

/** Returns a schema's output, or {@link LEFT_TO_VALIBOT}. */
type Parser = (input: unknown) => unknown;

const LEFT_TO_VALIBOT = Symbol("left to valibot");

const parsers = new WeakMap<Schema, Parser>();

/**
 * Parses a value as `v.safeParse` does.
 *
 * Functions in the schema (checks, transformations) run a second time when the value is refused.
 *
 * @throws whatever functions in the schema throw.
 * @throws {RangeError} when a recursive schema meets a value that is nested too deeply for it.
 */
export function safeParse<S extends Schema>(schema: S, input: unknown): v.SafeParseResult<S> {
  const output = parserOf(schema)(input);
  if (output === LEFT_TO_VALIBOT) return v.safeParse(schema, input);
  // The parser was compiled from the schema, and returns its output.
  return { typed: true, success: true, output: output as v.InferOutput<S>, issues: undefined };
}

function parserOf(schema: Schema): Parser {
  let parser = parsers.get(schema);
  if (parser === undefined) {
    parser = compile(schema);
    parsers.set(schema, parser);
  }
  return parser;
}

/** The kinds of schemas that are compiled here. */
type KnownSchema =
  | v.StringSchema<undefined>
  | v.NumberSchema<undefined>
  | v.BooleanSchema<undefined>
  | v.UnknownSchema
  | v.LiteralSchema<v.Literal, undefined>
  | v.CustomSchema<unknown, undefined>
  | v.LazySchema<Schema>
  | v.NullableSchema<Schema, undefined>
  | v.OptionalSchema<Schema, undefined>
  | v.ExactOptionalSchema<Schema, undefined>
  | v.ArraySchema<Schema, undefined>
  | v.TupleSchema<readonly Schema[], undefined>
  | v.StrictTupleSchema<readonly Schema[], undefined>
  | v.TupleWithRestSchema<readonly Schema[], Schema, undefined>
  | v.ObjectSchema<Readonly<Record<string, Schema>>, undefined>
  | v.StrictObjectSchema<Readonly<Record<string, Schema>>, undefined>
  | v.VariantSchema<string, v.VariantOptions<string>, undefined>;

function compile(schema: Schema): Parser {
  // Schemas made by these methods of valibot carry the type of another, but behave differently.
  if ("fallback" in schema || "cache" in schema) return byValibot(schema);
  if ("pipe" in schema) return compilePipe(schema as Schema & Pipe);
  const known = schema as KnownSchema;
  switch (known.type) {
    case "string":
      return (input) => (typeof input === "string" ? input : LEFT_TO_VALIBOT);
    case "number":
      return (input) =>
        typeof input === "number" && !Number.isNaN(input) ? input : LEFT_TO_VALIBOT;
    case "boolean":
      return (input) => (typeof input === "boolean" ? input : LEFT_TO_VALIBOT);
    case "unknown":
      return (input) => input;
    case "literal":
      return (input) => (input === known.literal ? input : LEFT_TO_VALIBOT);
    case "custom":
      return (input) => (known.check(input) ? input : LEFT_TO_VALIBOT);
    case "lazy":
      return (input) => parserOf(known.getter(input))(input);
    case "nullable":
      return compileNullable(known);
    case "optional":
    case "exact_optional":
      return compileOptional(known);
    case "array":
      return compileArray(parserOf(known.item));
    case "tuple":
      return compileTuple(known.items.map(parserOf), "drop");
    case "strict_tuple":
      return compileTuple(known.items.map(parserOf), "refuse");
    case "tuple_with_rest":
      return compileTuple(known.items.map(parserOf), parserOf(known.rest));
    case "object":
      return compileObject(known.entries);
    case "strict_object":
      return compileStrictObject(known.entries);
    case "variant":
      return compileVariant(known);
    default:
      known satisfies never; // Of the kinds above; valibot has many more.
      return byValibot(schema);
  }
}

function byValibot(schema: Schema): Parser {
  return (input) => {
    const result = v.safeParse(schema, input);
    return result.success ? result.output : LEFT_TO_VALIBOT;
  };
}

function compileOptional({ wrapped }: { readonly wrapped: Schema }): Parser {
  const parse = parserOf(wrapped);
  // Defaults are left to valibot; JSON has no `undefined`.
  return (input) => (input === undefined ? LEFT_TO_VALIBOT : parse(input));
}

function compileNullable(schema: v.NullableSchema<Schema, unknown>): Parser {
  const parse = parserOf(schema.wrapped);
  const ofNull = schema.default === undefined ? null : LEFT_TO_VALIBOT;
  return (input) => (input === null ? ofNull : parse(input));
}

function compileArray(parse: Parser): Parser {
  return (input) => {
    if (!Array.isArray(input)) return LEFT_TO_VALIBOT;
    // Copied at once, because few elements change: a fifth of the time of adding each one.
    const output: unknown[] = [...input];
    for (let index = 0; index < output.length; index++) {
      const element = parse(output[index]);
      if (element === LEFT_TO_VALIBOT) return LEFT_TO_VALIBOT;
      if (element !== output[index]) output[index] = element;
    }
    return output;
  };
}

/** Compiles arrays with fixed first elements; `rest` handles the elements after them. */
function compileTuple(items: readonly Parser[], rest: Parser | "drop" | "refuse"): Parser {
  return (input) => {
    if (!Array.isArray(input)) return LEFT_TO_VALIBOT;
    if (rest === "refuse" && input.length > items.length) return LEFT_TO_VALIBOT;
    const output: unknown[] = [];
    for (const [index, parse] of items.entries()) {
      const element = parse(input[index]);
      if (element === LEFT_TO_VALIBOT) return LEFT_TO_VALIBOT;
      output.push(element);
    }
    if (typeof rest === "string") return output;
    for (let index = items.length; index < input.length; index++) {
      const element = rest(input[index]);
      if (element === LEFT_TO_VALIBOT) return LEFT_TO_VALIBOT;
      output.push(element);
    }
    return output;
  };
}

/** Compiles objects with fixed fields; drops other fields. */
function compileObject(entries: Readonly<Record<string, Schema>>): Parser {
  const fields = Object.entries(entries).map(([name, schema]) => ({
    name,
    parse: parserOf(schema),
    mayBeAbsent: mayBeAbsent(schema),
  }));
  return (input) => {
    if (typeof input !== "object" || input === null) return LEFT_TO_VALIBOT;
    const output: Record<string, unknown> = {};
    for (const { name, parse, mayBeAbsent } of fields) {
      const value = (input as Readonly<Record<string, unknown>>)[name];
      if (value === undefined) {
        if (mayBeAbsent && !(name in input)) continue;
        return LEFT_TO_VALIBOT;
      }
      const field = parse(value);
      if (field === LEFT_TO_VALIBOT) return LEFT_TO_VALIBOT;
      output[name] = field;
    }
    return output;
  };
}

/** Compiles objects with fixed fields; leaves those with any other field to valibot. */
function compileStrictObject(entries: Readonly<Record<string, Schema>>): Parser {
  const parse = compileObject(entries);
  return (input) => {
    const output = parse(input);
    if (output === LEFT_TO_VALIBOT) return LEFT_TO_VALIBOT;
    // valibot looks at enumerable keys, inherited ones too.
    for (const name in input as object) if (!Object.hasOwn(entries, name)) return LEFT_TO_VALIBOT;
    return output;
  };
}

/** Compiles a choice of objects by a field that is a literal, another one in each. */
function compileVariant(
  schema: v.VariantSchema<string, v.VariantOptions<string>, undefined>,
): Parser {
  const parsers = new Map<unknown, Parser>();
  for (const option of schema.options) {
    const entries = "entries" in option ? option.entries : {};
    const field = entries[schema.key] as Schema | undefined;
    const isPlain = field?.type === "literal" && !("pipe" in field) && !("fallback" in field);
    if (!isPlain) return byValibot(schema);
    const { literal } = field as v.LiteralSchema<v.Literal, undefined>;
    if (parsers.has(literal)) return byValibot(schema);
    parsers.set(literal, parserOf(option));
  }
  return (input) => {
    if (typeof input !== "object" || input === null) return LEFT_TO_VALIBOT;
    const literal = (input as Readonly<Record<string, unknown>>)[schema.key];
    return parsers.get(literal)?.(input) ?? LEFT_TO_VALIBOT;
  };
}

/** Whether a field may be missing, and is then missing from the output too. */
function mayBeAbsent(schema: Schema): boolean {
  const { type, default: byDefault } = schema as v.ExactOptionalSchema<Schema, unknown>;
  const isOptional = type === "exact_optional" || (type as string) === "optional";
  return isOptional && byDefault === undefined && !("fallback" in schema);
}

interface Pipe {
  readonly pipe: readonly [Schema, ...KnownAction[]];
}

/** An action that may follow the first schema of a pipe. */
type KnownAction =
  | v.IntegerAction<number, undefined>
  | v.SafeIntegerAction<number, undefined>
  | v.MinValueAction<number, number, undefined>
  | v.MaxValueAction<number, number, undefined>
  | v.ReadonlyAction<unknown>
  | v.TransformAction<unknown, unknown>;

function compilePipe(schema: Schema & Pipe): Parser {
  const [first, ...actions] = schema.pipe;
  const parse = parserOf(first);
  /** Each returns the output, or {@link LEFT_TO_VALIBOT}. */
  const steps: Parser[] = [];
  const require = (passes: (output: unknown) => boolean) => {
    steps.push((output) => (passes(output) ? output : LEFT_TO_VALIBOT));
  };
  for (const action of actions) {
    switch (action.type) {
      case "integer":
      case "safe_integer":
        require((output) => action.requirement(output as number));
        break;
      case "min_value":
        require((output) => (output as number) >= action.requirement);
        break;
      case "max_value":
        require((output) => (output as number) <= action.requirement);
        break;
      case "transform":
        steps.push(action.operation);
        break;
      case "readonly":
        break; // Affects types only.
      default:
        action satisfies never;
        return byValibot(schema);
    }
  }
  return (input) => {
    let output = parse(input);
    for (const step of steps) {
      if (output === LEFT_TO_VALIBOT) return LEFT_TO_VALIBOT;
      output = step(output);
    }
    return output;
  };
}
