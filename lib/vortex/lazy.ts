/** Wraps a function without arguments: the first call runs it, every call returns that result. */
export function lazy<T>(task: () => T): () => T {
  let done: { readonly result: T } | undefined;
  return () => {
    done ??= { result: task() };
    return done.result;
  };
}
