import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import {
  advertisedAddress,
  claimAddresses,
  onNextFreePort,
  publishedAddress,
} from '../../src/daemon/address.ts';
import { addressOf, listenOn } from '../../src/doors/index.ts';

describe('publishedAddress()', () => {
  it('is the address listened on, whatever else the machine has', () => {
    expect(publishedAddress('10.0.0.7:8046', ['10.0.0.1'])).toBe('10.0.0.7:8046');
    expect(publishedAddress('[fd00::2]:8046', ['10.0.0.1'])).toBe('[fd00::2]:8046');
  });

  it.each([
    ['0.0.0.0:1', ['10.0.0.1'], '10.0.0.1:1'],
    ['0.0.0.0:1', ['10.0.0.1', 'fd00::2'], '10.0.0.1:1'],
    ['[::]:1', ['10.0.0.1', 'fd00::2'], '10.0.0.1:1'],
    ['[::]:1', ['fd00::2'], '[fd00::2]:1'],
    ['0.0.0.0:1', ['fd00::2'], '127.0.0.1:1'],
    ['0.0.0.0:1', [], '127.0.0.1:1'],
  ])('makes of the wildcard %s, with %j, the one address %s', (listen, own, published) => {
    expect(publishedAddress(listen, own)).toBe(published);
  });

  it('leaves the choice among several to people', () => {
    expect(() => publishedAddress('0.0.0.0:1', ['10.0.0.1', '172.17.0.1'])).toThrow(
      /has 2: 10\.0\.0\.1, 172\.17\.0\.1; use one of them, or tell which with -advertise$/,
    );
  });
});

describe('advertisedAddress()', () => {
  it.each([
    ['db1.example', '0.0.0.0:8047', 'db1.example:8047'],
    ['db1.example:1', '0.0.0.0:8047', 'db1.example:1'],
    ['10.0.0.7', '127.0.0.1:9000', '10.0.0.7:9000'],
    ['fd00::2', '[::]:9000', '[fd00::2]:9000'],
  ])('of %s, listening on %s, is %s', (told, listen, address) => {
    expect(advertisedAddress(told, listen)).toBe(address);
  });

  it.each(['0.0.0.0', '[::]:8046', 'a b', ':8046', 'a:0', ''])('refuses %j', (told) => {
    expect(() => advertisedAddress(told, '127.0.0.1:1')).toThrow(`Cannot advertise "${told}"`);
  });
});

describe('claimAddresses()', () => {
  it('gives each a port of its own, free again when it has resolved', async () => {
    const claimed = await claimAddresses(['127.0.0.1:0', '127.0.0.1:0']);
    expect(new Set(claimed).size).toBe(2);
    expect(await claimAddresses(claimed)).toEqual(claimed);
  });

  it('refuses an address given twice', async () => {
    const [address = ''] = await claimAddresses(['127.0.0.1:0']);
    await expect(claimAddresses([address, address])).rejects.toMatchObject({
      code: 'ERR_ADDRESS_IN_USE',
    });
  });
});

describe('onNextFreePort()', () => {
  it('moves on while a port is taken, and stops at any other trouble', async () => {
    const server = createServer();
    await listenOn(server, '127.0.0.1:0');
    const tried: string[] = [];
    const found = await onNextFreePort('127.0.0.1', async (address) => {
      tried.push(address);
      if (tried.length < 3) await listenOn(createServer(), addressOf(server));
      return address;
    });
    expect(tried).toEqual(['127.0.0.1:8000', '127.0.0.1:8001', '127.0.0.1:8002']);
    expect(found).toBe('127.0.0.1:8002');
    server.close();
    const failing = onNextFreePort('127.0.0.1', () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
  });
});
