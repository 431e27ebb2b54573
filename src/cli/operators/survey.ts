import { ClusterError } from '../../base/index.ts';
import type { Client, Health } from '../../client/index.ts';
import { parseUri } from '../../naming/index.ts';
import type { VerbContext } from '../verb.ts';

/** How long one member is waited for. All are asked at once. */
const askMs = 2000;

/** What a member answered, or why it did not. */
export type Answer =
  | { readonly kind: 'health'; readonly health: Health }
  | { readonly kind: 'none'; readonly reason: string };

/** All members that anybody who answered knows of, and what each said, by address. */
export type Survey = {
  /** The one whose word counts most: the leader, or whoever has come furthest. */
  readonly best: Health;
  readonly answers: ReadonlyMap<string, Answer>;
};

/** Does `work` at the node at `address` and at no other. */
export async function atNode<T>(
  context: VerbContext,
  address: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await context.connectTo(address, askMs);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/**
 * Asks every member how it is, within `askMs` each; those that the answers name beside, too, once more. And whoever
 * stands in the URI: the node that answers first may have come in just now, and know nobody.
 *
 * @throws when not one node answers.
 */
export async function survey(context: VerbContext): Promise<Survey> {
  const first = await (await context.connect()).health();
  const answers = new Map<string, Answer>([[first.address, { kind: 'health', health: first }]]);
  for (let round = 0; round < 2; round++) {
    const members = healthsOf(answers).flatMap((health) => health.members);
    const known = [...members.map(({ address }) => address), ...addressesIn(context.uri)];
    const unasked = new Set(known.filter((address) => !answers.has(address)));
    const asked = [...unasked].map(
      async (address) => [address, await ask(context, address)] as const,
    );
    for (const [address, answer] of await Promise.all(asked)) answers.set(address, answer);
  }
  return { best: bestOf(healthsOf(answers), first), answers };
}

function addressesIn(text: string): readonly string[] {
  const uri = parseUri(text);
  return uri.kind === 'uri' ? uri.addresses : [];
}

export const healthsOf = (answers: ReadonlyMap<string, Answer>): Health[] =>
  [...answers.values()].flatMap((answer) => (answer.kind === 'health' ? [answer.health] : []));

async function ask(context: VerbContext, address: string): Promise<Answer> {
  try {
    const timeoutMs = askMs;
    const health = await atNode(context, address, (client) => client.health({ timeoutMs }));
    return { kind: 'health', health };
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    return { kind: 'none', reason: shortReason(error, address) };
  }
}

/** The address stands beside it already. */
const shortReason = ({ message }: ClusterError, address: string): string =>
  message.replace(`Cannot reach ${address}: `, '').replace('Cannot ask for the health: ', '');

function bestOf(healths: readonly Health[], first: Health): Health {
  const better = (a: Health, b: Health): Health => {
    if (a.term !== b.term) return a.term > b.term ? a : b;
    if ((a.role === 'leader') !== (b.role === 'leader')) return a.role === 'leader' ? a : b;
    return a.commitIndex >= b.commitIndex ? a : b;
  };
  const leading = healths.filter(({ role }) => role === 'leader');
  return (leading.length > 0 ? leading : healths).reduce(better, leading[0] ?? first);
}
