import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import * as v from "valibot";
import { safeParse } from "../../../lib/protocol/fast-parse.ts";
import { ErrorBody, initSchema, Message, topologySchema } from "../../../lib/protocol/message.ts";
import { parseJson } from "../../../lib/vortex/index.ts";
import { bindOptions } from "../../../lib/vortex/program.ts";
import { startNode } from "../../support/fake-host.ts";
import { jsonText, near } from "../../support/near-schema.ts";
import { CHALLENGES } from "../../support/simulations/challenges.ts";

/** The schemas of all messages that a program handles, by type. */
function handledBy(program: (typeof CHALLENGES)[string]): [string, v.GenericSchema][] {
  const schemas: [string, v.GenericSchema][] = [];
  startNode((node) => {
    const handle = node.handle.bind(node);
    node.handle = (type, schema, handler) => {
      schemas.push([type, schema]);
      handle(type, schema, handler);
    };
    return bindOptions(program)(node);
  });
  return schemas;
}

const SCHEMAS: [string, v.GenericSchema][] = [
  ["Message", Message],
  ["init", initSchema()],
  ["topology", topologySchema()],
  ["error", ErrorBody],
  ...Object.entries(CHALLENGES).flatMap(([name, program]) =>
    handledBy(program).map(([type, schema]): [string, v.GenericSchema] => [
      `${name}'s "${type}"`,
      schema,
    ]),
  ),
];

/** JSON texts, some of which should be accepted and some refused. */
function nearOrFar(schema: v.GenericSchema): fc.Arbitrary<string> {
  return fc.oneof({ weight: 4, arbitrary: near(schema) }, { weight: 1, arbitrary: jsonText });
}

/** Asserts that a value is parsed as by valibot; returns whether it is accepted. */
function expectSame(schema: v.GenericSchema, input: unknown): boolean {
  const expected = v.safeParse(schema, input);
  const actual = safeParse(schema, input);
  expect(actual).toStrictEqual(expected);
  // Compares the order of keys too, and what toEqual ignores.
  expect(JSON.stringify(actual.output)).toBe(JSON.stringify(expected.output));
  return actual.success;
}

describe("safeParse", () => {
  test("covers the schemas of every challenge", () => {
    expect(SCHEMAS.length).toBeGreaterThan(4 + 2 * Object.keys(CHALLENGES).length);
  });

  test.each(SCHEMAS)("agrees with valibot on %s", (_, schema) => {
    let accepted = 0;
    let refused = 0;
    fc.assert(
      fc.property(nearOrFar(schema), (text) => {
        if (expectSame(schema, parseJson(text))) accepted++;
        else refused++;
      }),
    );
    // Both outcomes must occur.
    expect(Math.min(accepted, refused)).toBeGreaterThan(0);
  });

  const leaf = fc.constantFrom<v.GenericSchema>(
    v.string(),
    v.number(),
    v.boolean(),
    v.unknown(),
    v.null(),
    v.any(),
    v.literal("w"),
    v.literal(0),
    v.custom((value) => value !== 0),
    v.pipe(v.number(), v.integer(), v.minValue(0)),
    v.pipe(v.number(), v.safeInteger(), v.maxValue(9)),
    v.pipe(v.string(), v.maxLength(3)),
    v.pipe(v.number(), v.minValue(0), v.transform(String)),
    v.fallback(v.number(), 7),
    v.config(v.object({ a: v.string(), b: v.string() }), { abortEarly: true }),
    v.object({ constructor: v.unknown() }),
    v.lazy((value) => (Array.isArray(value) ? v.array(v.unknown()) : v.string())),
  );
  const anySchema = fc.letrec<{ schema: v.GenericSchema }>((tie) => {
    const schema = tie("schema");
    const schemas = fc.array(schema, { maxLength: 3 });
    const entry = fc.oneof(
      schema,
      schema.map((wrapped) => v.exactOptional(wrapped)),
      schema.map((wrapped) => v.optional(wrapped)),
      schema.map((wrapped) => v.optional(wrapped, 5)),
      schema.map((wrapped) => v.exactOptional(wrapped, "x")),
      schema.map((wrapped) => v.nullish(wrapped)),
      schema.map((wrapped) => v.fallback(v.exactOptional(wrapped), 3)),
    );
    const key = fc.constantFrom("type", "msg_id", "a", "0", "__proto__", "toString");
    const entries = fc
      .array(fc.tuple(key, entry), { maxLength: 4 })
      .map((list) => Object.fromEntries(list));
    return {
      schema: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        leaf,
        schema.map((item) => v.array(item)),
        schema.map((item) => v.pipe(v.array(item), v.readonly())),
        schemas.map((items) => v.tuple(items)),
        schemas.map((items) => v.strictTuple(items)),
        fc.tuple(schemas, schema).map(([items, rest]) => v.tupleWithRest(items, rest)),
        entries.map((fields) => v.object(fields)),
        entries.map((fields) => v.looseObject(fields)),
        entries.map((fields) => v.strictObject(fields)),
        schema.map((inner) => v.pipe(v.object({ a: inner }), v.readonly())),
        schema.map((inner) => v.union([inner, v.string()])),
        fc
          .tuple(entries, entries, fc.constantFrom("x", 1))
          .map(([one, other, literal]) =>
            v.variant("type", [
              v.object({ ...one, type: v.literal("x") }),
              v.object({ ...other, type: v.literal(literal) }),
            ]),
          ),
        schema.map((inner) => v.nullable(inner)),
        schema.map((inner) => v.nullable(inner, "default")),
        schema.map((inner) =>
          v.pipe(
            v.nullable(v.array(inner)),
            v.transform((list) => list ?? []),
            v.readonly(),
          ),
        ),
      ),
    };
  }).schema;

  test("agrees with valibot on random schemas", () => {
    fc.assert(
      fc.property(
        anySchema.chain((schema) => fc.tuple(fc.constant(schema), nearOrFar(schema))),
        ([schema, text]) => {
          expectSame(schema, parseJson(text));
        },
      ),
    );
  });

  test("returns new arrays and objects, so that changing them does not change the input", () => {
    const schema = v.object({ list: v.array(v.tuple([v.string()])) });
    const input = { list: [["a"]] };
    const { output } = safeParse(schema, input) as { output: typeof input };
    output.list[0]?.push("b");
    output.list.push([]);
    expect(input).toEqual({ list: [["a"]] });
  });

  test("calls a check once for an accepted value", () => {
    let calls = 0;
    const schema = v.object({ key: v.custom(() => ++calls > 0) });
    expect(safeParse(schema, { key: 1 }).success).toBe(true);
    expect(calls).toBe(1);
  });

  test("throws the errors of checks and transformations", () => {
    const thrown = new Error("no");
    const raise = () => {
      throw thrown;
    };
    const schemas = [v.object({ a: v.custom(raise) }), v.pipe(v.unknown(), v.transform(raise))];
    for (const schema of schemas) expect(() => safeParse(schema, { a: 1 })).toThrow(thrown);
  });
});
