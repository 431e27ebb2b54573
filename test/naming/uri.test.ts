import { describe, expect, it } from 'vitest';
import { parseAddress, parseUri } from '../../src/naming/index.ts';

describe('parseAddress()', () => {
  it.each([
    ['127.0.0.1:8046', '127.0.0.1:8046'],
    ['127.0.0.1', '127.0.0.1:8046'],
    ['node-1.example', 'node-1.example:8046'],
    ['localhost:1', 'localhost:1'],
    ['localhost:65535', 'localhost:65535'],
    ['[::1]:9000', '[::1]:9000'],
    ['[::1]', '[::1]:8046'],
    ['::1', '[::1]:8046'],
    ['fe80::1', '[fe80::1]:8046'],
  ])('reads %j as %j', (text, address) => {
    expect(parseAddress(text)).toBe(address);
  });

  it.each([
    '',
    ':8046',
    'a:',
    'a:0',
    'a:65536',
    'a:x',
    'a:-1',
    'a b',
    'a/b',
    'a:1:2',
    '[::1',
    '[::1]x',
    '[]:1',
    'x@y',
  ])('takes %j for no address', (text) => {
    expect(parseAddress(text)).toBe(null);
  });
});

describe('parseUri()', () => {
  const uri = {
    kind: 'uri',
    clusterName: null,
    addresses: [] as string[],
    secret: null,
    tls: null,
  };

  it.each([
    ['doozer:?ca=127.0.0.1:8046', { addresses: ['127.0.0.1:8046'] }],
    ['doozer:?ca=h', { addresses: ['h:8046'] }],
    ['doozer:?ca=a:1&ca=b:2', { addresses: ['a:1', 'b:2'] }],
    ['doozer:?ca=a:1;ca=b:2', { addresses: ['a:1', 'b:2'] }],
    ['doozer:?ca=a:1&ca=a:1', { addresses: ['a:1'] }],
    ['doozer:?cn=prod', { clusterName: 'prod' }],
    ['doozer:?cn=one&cn=two', { clusterName: 'one' }],
    ['doozer:?ca=a:1&sk=s%26cret+x%2B', { addresses: ['a:1'], secret: 's&cret x+' }],
    ['doozer:?ca=a:1&sk=', { addresses: ['a:1'], secret: '' }],
    ['doozer:?ca=a:1&sk=a=b', { addresses: ['a:1'], secret: 'a=b' }],
    ['doozer:?ca=a:1&sk=%C3%BC', { addresses: ['a:1'], secret: '\u00fc' }],
    ['doozer:?c%61=a%3A1', { addresses: ['a:1'] }],
    ['doozer:?&ca=a:1&&', { addresses: ['a:1'] }],
    ['doozer:?ca=a:1&un=me&other=x&word', { addresses: ['a:1'] }],
    ['doozers:?ca=h', { addresses: ['h:8046'], tls: {} }],
    ['doozers:?ca=h&tlsca=/a/ca.pem', { addresses: ['h:8046'], tls: { caFile: '/a/ca.pem' } }],
    [
      'doozers:?cn=prod&tlscert=c%26.pem&tlskey=k.pem',
      { clusterName: 'prod', tls: { certFile: 'c&.pem', keyFile: 'k.pem' } },
    ],
  ])('reads %s', (text, said) => {
    expect(parseUri(text)).toEqual({ ...uri, ...said });
  });

  it.each([
    ['127.0.0.1:8046', 'must begin'],
    ['', 'must begin'],
    ['doozer:', 'must begin'],
    ['doozer?:ca=a:1', 'must begin'],
    ['doozerd:?ca=a:1', 'must begin'],
    ['DOOZER:?ca=a:1', 'must begin'],
    ['doozerss:?ca=a:1', 'must begin'],
    ['doozer:?ca=a:1&tlsca=x', '"tlsca" is for TLS: begin with "doozers:?"'],
    ['doozers:?ca=a:1&tlscert=x', '"tlscert" and "tlskey" need each other'],
    ['doozers:?ca=a:1&tlsca=', 'the file name after "tlsca=" is empty'],
    ['doozer:?', 'needs an address'],
    ['doozer:?sk=x', 'needs an address'],
    ['doozer:?ca=', '"" is no address'],
    ['doozer:?ca=a:port', '"a:port" is no address'],
    ['doozer:?cn=', 'is empty'],
    ['doozer:?ca=%', 'hexadecimal'],
    ['doozer:?ca=a:1&sk=%zz', 'hexadecimal'],
    ['doozer:?ca=a:1&sk=%ff', 'hexadecimal'],
  ])('refuses %j and says why', (text, reason) => {
    const read = parseUri(text);
    expect(read).toMatchObject({ kind: 'invalid' });
    expect(read.kind === 'invalid' && read.reason).toContain(reason);
  });

  it('never repeats a secret in what it says', () => {
    for (const text of [
      'doozer?ca=a&sk=hush',
      'doozer:?ca=:&sk=hush',
      'doozer:?sk=hush',
      'doozer:?sk=hush%',
      'doozer:?ca=h:1?sk=hush',
      'doozer:?ca=h:1%26sk=hush',
    ]) {
      const read = parseUri(text);
      expect(read.kind === 'invalid' && read.reason).not.toContain('hush');
    }
  });
});
