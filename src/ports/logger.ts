/** What a line is about: the glossary's names, and values that are neither secret nor a file's body. */
export type LogFields = Readonly<
  Record<string, string | number | boolean | null | readonly string[]>
>;

/** Where a room says what happened. Never secrets, never values; paths are fine. */
export type Logger = {
  /** Someone must look: a broken invariant, corrupt data, a disk. */
  readonly error: (fields: LogFields, message: string) => void;
  /** The state of the cluster changed. A normal day fits a screen. */
  readonly info: (fields: LogFields, message: string) => void;
  /** The rest; off by default. */
  readonly debug: (fields: LogFields, message: string) => void;
  /** The same, with `fields` on every line. */
  readonly child: (fields: LogFields) => Logger;
};
