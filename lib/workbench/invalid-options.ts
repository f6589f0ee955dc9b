/** The options of a test or command are invalid. The message says what to change. */
export class InvalidOptions extends Error {
  override readonly name = "InvalidOptions";
}
