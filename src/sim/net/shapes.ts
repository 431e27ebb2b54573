import { type Prng, prng } from '../../base/index.ts';

/** One direction that is blocked. */
export type Cut = readonly [from: string, to: string];

/** What a partition blocks. */
export type Shape = readonly Cut[];

/** Which directions between two sides are blocked: both, or only what leads to the first side or from it. */
export type Direction = 'both' | 'in' | 'out';

const between = (a: string, b: string, direction: Direction): Cut[] => {
  const cuts: Cut[] = [];
  if (direction !== 'in') cuts.push([a, b]);
  if (direction !== 'out') cuts.push([b, a]);
  return cuts;
};

/** Nothing between those in `side` and the others. */
export function split(
  addresses: readonly string[],
  side: readonly string[],
  direction: Direction,
): Shape {
  const others = addresses.filter((address) => !side.includes(address));
  return side.flatMap((a) => others.flatMap((b) => between(a, b, direction)));
}

/** One alone: hears nobody, is heard by nobody, or one of the two. */
export const isolate = (addresses: readonly string[], one: string, direction: Direction): Shape =>
  split(addresses, [one], direction);

/** Only pairs for which `sees` holds are left, by their places in the list. */
function onlyPairs(
  addresses: readonly string[],
  sees: (i: number, j: number) => boolean,
  direction: Direction,
): Shape {
  return addresses.flatMap((a, i) =>
    addresses.flatMap((b, j) => (i < j && !sees(i, j) ? between(a, b, direction) : [])),
  );
}

/** Each sees a majority, and no two the same: neighbours in a ring. Of three or less, all of them. */
export function majoritiesRing(addresses: readonly string[], direction: Direction): Shape {
  const count = addresses.length;
  const majority = Math.floor(count / 2) + 1;
  const reach = Math.ceil((majority - 1) / 2);
  return onlyPairs(addresses, (i, j) => Math.min(j - i, count - (j - i)) <= reach, direction);
}

/** Two halves that see each other only through the first of the list. */
export function bridge(addresses: readonly string[], direction: Direction): Shape {
  const half = Math.ceil((addresses.length - 1) / 2);
  return onlyPairs(addresses, (i, j) => i === 0 || i <= half === j <= half, direction);
}

/** Each sees only its neighbours in the list. */
export const chain = (addresses: readonly string[], direction: Direction): Shape =>
  onlyPairs(addresses, (i, j) => j - i === 1, direction);

/** `addresses` in an order that `chance` decides, with `first` at the front. */
function shuffled(addresses: readonly string[], first: string, { below }: Prng): string[] {
  const rest = addresses.filter((address) => address !== first);
  for (let i = rest.length - 1; i > 0; i--) {
    const j = below(i + 1);
    const swapped = rest[i] as string;
    rest[i] = rest[j] as string;
    rest[j] = swapped;
  }
  return addresses.includes(first) ? [first, ...rest] : rest;
}

/** A shape of any kind over `addresses`, the same for the same `choice`; `first` is in the middle of it. */
export function shapeOf(addresses: readonly string[], choice: number, first: string): Shape {
  const chance = prng(choice);
  const { below } = chance;
  const direction = (['both', 'both', 'in', 'out'] as const)[below(4)] ?? 'both';
  const order = shuffled(addresses, first, chance);
  if (order.length < 2) return [];
  switch (below(6)) {
    case 0:
      return split(order, order.slice(0, 1 + below(order.length - 1)), direction);
    case 1:
      return split(order, order.slice(0, order.length >> 1), direction);
    case 2:
      // Of three, each sees all: a shape that cuts is wanted.
      return order.length > 3 ? majoritiesRing(order, direction) : chain(order, direction);
    case 3:
      return bridge(order, direction);
    case 4:
      return chain(order, direction);
    default:
      return isolate(order, first, direction);
  }
}
