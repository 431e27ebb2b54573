// Bytes with variables in them, as they stand in the conformance suite.
//
//   0802        two bytes, in hex; blanks mean nothing
//   {len}       four bytes: how many follow, up to the next {len} or the end of the line
//   {R}         the variable R as a varint; {R+1}, {R-1}: so much more or less
//   {ID:16}     the variable ID, 16 bytes as they are
//   {61*1000}   the byte 61, a thousand times

type Token =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'length' }
  | { readonly kind: 'number'; readonly name: string; readonly plus: bigint }
  | { readonly kind: 'text'; readonly name: string; readonly length: number };

/** What the variables of a case stand for; a number for `{R}`, bytes for `{ID:16}`. */
export type Bound = ReadonlyMap<string, bigint | Uint8Array>;

function tokensOf(template: string): Token[] {
  const tokens: Token[] = [];
  for (const [part, inside] of template.matchAll(/\{([^}]*)\}|[^{]+/g)) {
    tokens.push(inside === undefined ? literal(part) : variable(inside));
  }
  return tokens;
}

function literal(part: string): Token {
  const hex = part.replaceAll(/\s/g, '');
  if (!/^([0-9a-f]{2})*$/.test(hex)) throw new Error(`"${part.trim()}" is no hex`);
  return { kind: 'bytes', bytes: Buffer.from(hex, 'hex') };
}

function variable(inside: string): Token {
  if (inside === 'len') return { kind: 'length' };
  const repeated = /^([0-9a-f]{2})\*(\d+)$/.exec(inside);
  if (repeated !== null) {
    const bytes = Buffer.alloc(Number(repeated[2]), Number.parseInt(repeated[1] ?? '', 16));
    return { kind: 'bytes', bytes };
  }
  const [, name, plus, length] = /^([A-Z]+)(?:([+-]\d+)|:(\d+))?$/.exec(inside) ?? [];
  if (name === undefined) throw new Error(`"{${inside}}" is no variable`);
  if (length !== undefined) return { kind: 'text', name, length: Number(length) };
  return { kind: 'number', name, plus: BigInt(plus ?? 0) };
}

/** The bytes of a template all of whose variables are bound. */
export function fill(template: string, bound: Bound): Uint8Array {
  const parts: Buffer[] = [];
  let open: Buffer | null = null;
  for (const token of tokensOf(template)) {
    if (token.kind === 'length') {
      open = Buffer.alloc(4);
      parts.push(open);
      continue;
    }
    const bytes = bytesOf(token, bound);
    open?.writeInt32BE(open.readInt32BE(0) + bytes.length);
    parts.push(Buffer.from(bytes));
  }
  return Buffer.concat(parts);
}

function bytesOf(token: Exclude<Token, { kind: 'length' }>, bound: Bound): Uint8Array {
  if (token.kind === 'bytes') return token.bytes;
  const value = bound.get(token.name);
  if (token.kind === 'text') {
    if (value instanceof Uint8Array) return value;
  } else if (typeof value === 'bigint') return varint(value + token.plus);
  throw new Error(`{${token.name}} is not bound`);
}

/**
 * What the variables stand for after `frame`, which has one length in front, was found equal to the
 * template; a variable met first takes what stands there. `null`: it is not equal.
 */
export function match(template: string, frame: Uint8Array, bound: Bound): Bound | null {
  const after = new Map(bound);
  let at = 0;
  for (const token of tokensOf(template)) {
    if (token.kind === 'length') {
      at += 4;
      continue;
    }
    if (token.kind !== 'bytes' && !after.has(token.name)) {
      if (token.kind === 'text') after.set(token.name, frame.slice(at, at + token.length));
      else after.set(token.name, readVarint(frame, at) - token.plus);
    }
    at += bytesOf(token, after).length;
  }
  return Buffer.compare(fill(template, after), frame) === 0 ? after : null;
}

/** What is written for people, with the variables' values in it. */
export function say(reads: string, bound: Bound): string {
  return reads.replaceAll(/\{([A-Z]+)([+-]\d+)?(?::\d+)?\}/g, (_, name: string, plus = '0') => {
    const value = bound.get(name);
    if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('latin1'));
    return value === undefined ? `{${name}}` : String(value + BigInt(plus));
  });
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, value);
  for (; left >= 128n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
  return Uint8Array.from([...bytes, Number(left)]);
}

function readVarint(bytes: Uint8Array, from: number): bigint {
  let value = 0n;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[from + i] ?? 0;
    value |= BigInt(byte & 127) << BigInt(7 * i);
    if (byte < 128) break;
  }
  return BigInt.asIntN(64, value);
}
