/** How a command ends: doozer's exit statuses. */
export const status = {
  done: 0,
  /** The guard did not hold. */
  mismatch: 1,
  failed: 2,
  /** No command, no such command, or a wrong number of arguments. */
  usage: 127,
  interrupted: 130,
} as const;

/** A line for the user and the status to end with, thrown from anywhere inside a command. */
export class Complaint extends Error {
  override readonly name = 'Complaint';
  readonly status: number;

  constructor(line: string, exitStatus: number = status.failed) {
    super(line);
    this.status = exitStatus;
  }
}
