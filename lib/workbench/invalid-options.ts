/** A test, or a command, cannot be carried out as it was asked for: the message says what to change. */
export class InvalidOptions extends Error {
  override readonly name = "InvalidOptions";
}
