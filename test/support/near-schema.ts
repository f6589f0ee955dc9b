/** JSON texts that a schema accepts, or almost accepts: one or two places are wrong. */
import fc from "fast-check";
import * as v from "valibot";

/** Properties of a valibot schema that describe its kind and its parts. */
interface Parts {
  readonly type: string;
  readonly pipe?: readonly [v.GenericSchema];
  readonly literal?: unknown;
  readonly wrapped?: v.GenericSchema;
  readonly item?: v.GenericSchema;
  readonly items?: readonly v.GenericSchema[];
  readonly rest?: v.GenericSchema;
  readonly entries?: Readonly<Record<string, v.GenericSchema>>;
  readonly getter?: (input: unknown) => v.GenericSchema;
  readonly options?: readonly v.GenericSchema[];
}

const numberText = fc.oneof(
  { weight: 9, arbitrary: fc.nat().map(String) },
  fc.integer().map(String),
  fc.constantFrom("0", "-0", "1.0", "0.5", "-1", "1e400", "9007199254740993", "1e15", "5e-324"),
);
const stringText = fc
  .oneof(fc.string({ unit: "binary" }), fc.constantFrom("", "n0", "r", "w", "__proto__", "\ud800"))
  .map((text) => JSON.stringify(text));
const keyText = fc.oneof(
  fc.constantFrom("__proto__", "constructor", "toString", "0", "type", "msg_id", "n0"),
  fc.string({ maxLength: 3 }),
);

const objectText = (fields: fc.Arbitrary<readonly (readonly [string, string])[]>) =>
  fields.map(
    (list) => `{${list.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(",")}}`,
  );
const arrayText = (elements: fc.Arbitrary<readonly string[]>) =>
  elements.map((texts) => `[${texts.join(",")}]`);

/** Any shallow JSON text, with keys such as `__proto__` and `constructor`. */
export const jsonText: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom("null", "true", "false"),
    numberText,
    stringText,
    arrayText(fc.array(tie("value"), { maxLength: 4 })),
    objectText(fc.array(fc.tuple(keyText, tie("value")), { maxLength: 4 })),
  ),
})).value;

/** JSON texts that the schema accepts or almost accepts. */
export function near(schema: v.GenericSchema): fc.Arbitrary<string> {
  return fc.oneof({ weight: 30, arbitrary: fitting(schema) }, { weight: 1, arbitrary: jsonText });
}

function fitting(schema: v.GenericSchema): fc.Arbitrary<string> {
  const parts = schema as unknown as Parts;
  if (parts.pipe !== undefined && parts.pipe[0] !== schema) return near(parts.pipe[0]);
  switch (parts.type) {
    case "string":
      return stringText;
    case "number":
      return numberText;
    case "boolean":
      return fc.constantFrom("true", "false");
    case "literal":
      return fc.constant(JSON.stringify(parts.literal));
    case "optional":
    case "exact_optional":
    case "nullable":
      return near(parts.wrapped ?? v.unknown());
    case "array":
      return arrayText(fc.array(near(parts.item ?? v.unknown()), { maxLength: 4 }));
    case "tuple":
    case "strict_tuple":
    case "tuple_with_rest":
      return tupleText(parts);
    case "object":
    case "loose_object":
      return entriesText(parts.entries ?? {});
    case "variant":
      return fc.oneof(...(parts.options ?? []).map(near));
    case "lazy":
      return fc.oneof(...[["w"], ["r"]].map((hint) => near(parts.getter?.(hint) ?? v.unknown())));
    case "custom":
      return fc.oneof(
        jsonText,
        numberText,
        objectText(fc.array(fc.tuple(keyText, numberText), { maxLength: 3 })),
        objectText(fc.array(fc.tuple(keyText, arrayText(fc.array(stringText))), { maxLength: 3 })),
      );
    default:
      return jsonText;
  }
}

function tupleText({ items = [], rest = v.unknown() }: Parts): fc.Arbitrary<string> {
  const first = fc.tuple(...items.map(near));
  const more = fc.oneof(fc.constant<string[]>([]), fc.array(near(rest), { maxLength: 3 }));
  const cut = fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.nat({ max: items.length }));
  return arrayText(
    fc
      .tuple(first, more, cut)
      .map(([head, tail, less]) =>
        less > 0 ? head.slice(0, head.length - less) : [...head, ...tail],
      ),
  );
}

function entriesText(entries: Readonly<Record<string, v.GenericSchema>>): fc.Arbitrary<string> {
  const known = Object.entries(entries).map(([key, schema]) =>
    fc
      .tuple(fc.nat({ max: schema.type === "exact_optional" ? 1 : 9 }), near(schema))
      .map(([chance, text]) => (chance === 0 ? [] : [[key, text] as const])),
  );
  const more = fc.array(fc.tuple(keyText, jsonText), { maxLength: 2 });
  return objectText(
    fc.tuple(fc.tuple(...known), more).map(([own, other]) => [...own.flat(), ...other]),
  );
}
