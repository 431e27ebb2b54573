// Whoever judges is judged first: a suite that cannot fail says nothing.
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addressOf, listenOn } from '../../src/doors/index.ts';
import type { Case, Step } from './support/cases.ts';
import { runCase } from './support/run.ts';
import { fill, match, say } from './support/template.ts';
import { Wire } from './support/wire.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const none = new Map();

describe('bytes with variables', () => {
  test('a name met first takes what stands there, and is that number from then on', () => {
    const bound = match('{len} 0801 18{R}', hex('00000005 0801 18ac02'), none);
    expect(bound?.get('R')).toBe(300n);
    expect(match('{len} 18{R}', hex('00000003 18ac02'), bound ?? none)).not.toBeNull();
    expect(match('{len} 18{R}', hex('00000003 18ad02'), bound ?? none)).toBeNull();
    expect(match('{len} 18{R+1}', hex('00000003 18ad02'), bound ?? none)).not.toBeNull();
    expect(say('rev={R+1} len={S}', bound ?? none)).toBe('rev=301 len={S}');
    expect(() => fill('18{S}', none)).toThrow('{S} is not bound');
  });

  test('lengths, sixteen bytes, repeated bytes and negative numbers', () => {
    const frame = hex('00000012 3210 41414141424242424343434344444444');
    const bound = match('{len} 3210{ID:16}', frame, none) ?? none;
    expect(fill('{ID:16}', bound)).toEqual(frame.subarray(6));
    expect(fill('{len} 00 {len} {61*3}', none)).toEqual(hex('00000001 00 00000003 616161'));
    const one = match('18{R}', hex('1801'), none) ?? none;
    expect(fill('18{R-3}', one)).toEqual(hex('18 feffffffffffffffff01'));
  });

  test.each([
    ['another byte', '0801 1801', '0801 1802'],
    ['a byte more', '0801', '080100'],
    ['a byte less', '0801', '08'],
    ['a number that is longer than it need be', '18{R}', '188100'],
  ])('%s is not equal', (_, template, frame) => {
    expect(match(template, hex(frame), none)).toBeNull();
  });
});

describe('a case', () => {
  /** Answers a first message with two frames, and ends the connection on a second. */
  const server = createServer((socket) => {
    let size = 0;
    socket.on('data', (chunk) => {
      if (size === 0) socket.write(hex('00000002 0801 00000002 0802'));
      size += chunk.length;
      if (size > 4) socket.end();
    });
  });
  beforeAll(() => listenOn(server, '127.0.0.1:0'));
  afterAll(() => server.close());

  const run = (...lines: readonly [Step['kind'], string, string?][]): Promise<string | null> => {
    const steps = lines.map(([kind, bytes, reads = null], i) => {
      const step: Step = { kind, connection: 'a', bytes, reads, line: i + 1 };
      return step;
    });
    const item: Case = {
      ...{ name: 'n', file: 'f', line: 0, see: 's', differs: null, setting: 'plain', steps },
    };
    return runCase(item, () => Wire.open(addressOf(server)));
  };

  test('holds when every frame is as it says, in order or in any', async () => {
    const first: [Step['kind'], string] = ['send', '00000000'];
    const last: [Step['kind'], string][] = [
      ['send', '00000000'],
      ['closed', ''],
    ];
    const ordered = await run(
      first,
      ['receive', '00000002 0801'],
      ['receive', '000000020802'],
      ...last,
    );
    expect(ordered).toBeNull();
    const any = await run(
      first,
      ['receiveAny', '00000002 0802'],
      ['receiveAny', '{len} 08{T}'],
      ...last,
    );
    expect(any).toBeNull();
  });

  test('does not hold, and says where, when a frame, an order or a text is another', async () => {
    const first: [Step['kind'], string] = ['send', '00000000'];
    expect(await run(first, ['receive', '00000002 0802'])).toMatch(
      /^f:2: .* came 000000020801 ; tag=1/,
    );
    expect(await run(first, ['receiveAny', '00000002 0803'])).toMatch(/^f:2: /);
    expect(await run(first, ['receive', '00000002 0801', 'tag=2'])).toMatch(/^f:2: .* read tag=1/);
    expect(await run(['send', '00000000', 'SELF'])).toMatch(/^f:1: .* read no verb/);
    // What nobody asked for is found at the end, and so is what came before it was closed.
    expect(await run(first, ['receive', '00000002 0801'])).toMatch(/^f:0: .* unasked, tag=2/);
    expect(await run(first, ['send', '00000000'], ['closed', ''])).toMatch(/^f:3: .* came 0000/);
  });
});
