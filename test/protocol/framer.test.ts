import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { utf8 } from '../../src/base/index.ts';
import { DoozerFramer } from '../../src/protocol/doozer/index.ts';
import { fromHex, hexOf } from './support.ts';

const framed = (body: Uint8Array): Uint8Array => {
  const frame = new Uint8Array(4 + body.length);
  new DataView(frame.buffer).setUint32(0, body.length);
  frame.set(body, 4);
  return frame;
};
const joined = (parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

describe('DoozerFramer', () => {
  test('gives the same frames however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 5000, size: 'max' }), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 40 }),
        (bodies, cuts) => {
          const stream = joined(bodies.map(framed));
          const framer = new DoozerFramer();
          const seen: string[] = [];
          for (let at = 0, i = 0; at < stream.length; i++) {
            const to = Math.min(stream.length, at + (cuts[i % cuts.length] ?? 1));
            for (const frame of framer.push(stream.slice(at, to))) seen.push(hexOf(frame));
            at = to;
          }
          expect(seen).toEqual(bodies.map(hexOf));
          expect(framer.broken).toBeNull();
        },
      ),
    );
  });

  test('gives a frame of no bytes, also when its length comes byte by byte', () => {
    const framer = new DoozerFramer();
    expect(framer.push(fromHex('00000000'))).toEqual([new Uint8Array(0)]);
    const seen = [...fromHex('00000000 00000000')].flatMap((b) => framer.push(new Uint8Array([b])));
    expect(seen).toEqual([new Uint8Array(0), new Uint8Array(0)]);
  });

  test('a frame that lies whole in a chunk is not copied', () => {
    const chunk = framed(utf8('abc'));
    const [frame] = new DoozerFramer().push(chunk);
    expect(frame?.buffer).toBe(chunk.buffer);
  });

  test('hands out what came before a negative length, and nothing after', () => {
    const framer = new DoozerFramer();
    const frames = framer.push(joined([framed(utf8('a')), fromHex('ffffffff'), framed(utf8('b'))]));
    expect(frames).toEqual([utf8('a')]);
    expect(framer.broken).toBe("A frame's length is negative: -1");
    expect(framer.push(framed(utf8('c')))).toEqual([]);
  });

  test('refuses a length above the limit before any of the frame has come', () => {
    const framer = new DoozerFramer(10);
    expect(framer.push(fromHex('0000000a'))).toEqual([]);
    expect(framer.broken).toBeNull();
    const other = new DoozerFramer(10);
    expect(other.push(fromHex('0000'))).toEqual([]);
    expect(other.push(fromHex('000b'))).toEqual([]);
    expect(other.broken).toBe('A frame has 11 bytes, at most 10 are allowed');
  });

  test('takes a frame of exactly the limit, in pieces', () => {
    const framer = new DoozerFramer(3000);
    const stream = framed(new Uint8Array(3000).fill(7));
    expect(framer.push(stream.slice(0, 2999))).toEqual([]);
    expect(framer.push(stream.slice(2999))).toEqual([stream.slice(4)]);
  });
});
