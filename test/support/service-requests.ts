/** Requests to services, and a short form of their replies. */
import fc from "fast-check";
import type { Service } from "../../lib/services/index.ts";
import type { AnyBody, Json, Random } from "../../lib/vortex/index.ts";

export const read = (key: Json): AnyBody => ({ type: "read", key });
export const write = (key: Json, value: Json): AnyBody => ({ type: "write", key, value });
export const cas = (key: Json, from: Json, to: Json, rest: AnyBody = {}): AnyBody => ({
  type: "cas",
  key,
  from,
  to,
  ...rest,
});

/** Sends a request; returns the value read, `"ok"`, or the error as `"error CODE"`. */
export function ask(service: Service, client: string, request: AnyBody): unknown {
  const { type, value, code } = service.handle(client, request) ?? {};
  if (type === "error") return `error ${code}`;
  return type === "read_ok" ? value : "ok";
}

/** Random source that returns the given numbers, then repeats the last one. */
export function scripted(...numbers: number[]): Random {
  let position = 0;
  return { next: () => numbers[Math.min(position++, numbers.length - 1)] ?? 0 };
}

/** Requests of three clients. Two keys and four values make conflicts frequent. */
export function requests(): fc.Arbitrary<(readonly [client: string, request: AnyBody])[]> {
  const client = fc.constantFrom("n0", "n1", "n2");
  const key = fc.constantFrom<Json>("a", 1);
  const value = fc.constantFrom<Json>(0, 1, 2, null);
  const request = fc.oneof(
    key.map(read),
    fc.tuple(key, value).map(([k, v]) => write(k, v)),
    fc
      .tuple(key, value, value, fc.boolean())
      .map(([k, from, to, create_if_not_exists]) => cas(k, from, to, { create_if_not_exists })),
  );
  return fc.array(fc.tuple(client, request), { maxLength: 200, size: "max" });
}
