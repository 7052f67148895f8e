/** What came from the other side is not of the wire's form. The message says the rule and what came. */
export class WireError extends Error {
  override readonly name = 'WireError';
}
