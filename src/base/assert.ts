/** Thrown when the program is wrong. Never caught; the process prints the claim and stops. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** States what must be true here. Stays on in production. The claim is a full statement. */
export function assert(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new AssertionError(claim);
}

/** The value, which the caller knows to be there. */
export function must<T>(value: T | null | undefined, claim: string): T {
  if (value === null || value === undefined) throw new AssertionError(claim);
  return value;
}

/** Marks the branch a complete `switch` can never take; a missing case fails to compile. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${String(value)}`);
}
