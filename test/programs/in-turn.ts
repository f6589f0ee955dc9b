/** Returns a function that carries out tasks one after the other, and returns their outcomes. */
export function inTurn(): <Result>(task: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const outcome = last.then(task);
    last = outcome.catch(() => {});
    return outcome;
  };
}
