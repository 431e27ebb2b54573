import { type Acknowledged, DoozerClient, verbs } from './doozer-client.ts';

/** Reads asked for at once. */
const together = 256;

/**
 * Reads every acknowledged write back through one node, with linearizable reads. The paths are
 * unique, so what was acknowledged must be there as it was written. Returns how many there are.
 */
export async function acknowledgedAreThere(
  address: string,
  acknowledged: readonly Acknowledged[],
): Promise<number> {
  const client = await DoozerClient.connect(address, 2000);
  try {
    for (let at = 0; at < acknowledged.length; at += together) {
      const some = acknowledged.slice(at, at + together);
      await Promise.all(some.map((write) => check(client, write)));
    }
  } finally {
    client.close();
  }
  return acknowledged.length;
}

async function check(client: DoozerClient, { path, value, rev }: Acknowledged): Promise<void> {
  const response = await client.ask({ verb: verbs.get, path }, 10_000);
  const found = Buffer.from(response.value ?? []).toString();
  if (response.rev === rev && found === value) return;
  throw new Error(
    `Acknowledged and lost: ${path} was "${value}" at revision ${rev}, and is "${found}" at ${response.rev}`,
  );
}
