/** A function that does something when it is first called, and returns what came of it from then on. */
export function once<T>(task: () => T): () => T {
  let done: { readonly result: T } | undefined;
  return () => {
    done ??= { result: task() };
    return done.result;
  };
}
