/** One that asks: our library, or a client of 2011. */
export type Asker = {
  readonly name: string;
  readonly set: (path: string, body: string, guard: number) => Promise<number>;
  readonly delete: (path: string, guard: number) => Promise<number>;
  readonly get: (path: string, at: number | null) => Promise<{ revision: number; body: string }>;
  readonly rev: () => Promise<number>;
};
