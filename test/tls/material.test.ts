import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ReadFiles } from '../../src/tls/files.ts';
import { readTexts } from '../../src/tls/files.ts';
import { checkMaterial } from '../../src/tls/material.ts';
import { pemFile, pemFiles } from '../support/certificates.ts';

const today = Date.parse('2026-11-20');
const node = { address: '127.0.0.1:8046', mutual: true };
const texts = (name: string, ca?: string): ReadFiles => readTexts(pemFiles(name, ca));
const said = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  return 'fine';
};
const verdict = (given: ReadFiles, demands = node, at = today) =>
  said(() => checkMaterial(given, demands, at));
const text = (path: string, content: string) => ({ path, text: content });

describe('a certificate, its key and its CA', () => {
  it.each([
    ['node', 'ca'],
    ['node', 'both-cas'],
    ['node2', 'both-cas'],
    ['chained', 'ca'],
    ['alone', 'alone'],
  ])('"%s" is signed by "%s"', (name, ca) => {
    expect(verdict(texts(name, ca))).toBe('fine');
  });

  it('that do not fit together are told apart', () => {
    const { cert, ca } = texts('node', 'ca');
    const { key } = texts('node-b');
    expect(verdict({ cert, key, ca })).toBe(
      `Cannot use "${key?.path}" for TLS: it is not the key of the certificate in "${cert?.path}": give the two that were made together`,
    );
    expect(verdict({ cert, key: null, ca })).toContain('need each other');
    expect(verdict(texts('chained', 'ca2'))).toContain('no CA in');
    expect(verdict({ ...texts('node'), ca }, { ...node, address: '10.0.0.1:1' })).toContain(
      'needs the alternative name IP:10.0.0.1',
    );
    expect(verdict({ ...texts('node'), ca }, { ...node, address: 'db1:1' })).toContain(
      'needs the alternative name DNS:db1',
    );
  });

  it('that are not what their names promise are told by file and by what was expected', () => {
    const good = texts('node', 'ca');
    const pem = readFileSync(pemFile('node'), 'latin1');
    const key = readFileSync(pemFile('node-key'), 'latin1');
    const rows: [Partial<ReadFiles>, string][] = [
      [{ cert: text('/c', '') }, '"/c" for TLS: a PEM file is wanted'],
      [{ cert: text('/c', key) }, '"/c" for TLS: a PEM file is wanted'],
      [{ cert: text('/c', pem.slice(0, -40)) }, '"/c" for TLS: a certificate in it is cut off'],
      [{ cert: text('/c', pem.replace(/MII.{20}/, 'MIIx')) }, 'certificate 1 in it cannot be read'],
      [{ ca: text('/a', 'hello') }, '"/a" for TLS: a PEM file is wanted'],
      [{ key: text('/k', pem) }, '"/k" for TLS: a PEM file is wanted, with "-----BEGIN PRIVATE'],
      [{ key: text('/k', key.slice(0, 90)) }, '"/k" for TLS: its key cannot be read: it is cut'],
      [
        { key: text('/k', key.replaceAll('PRIVATE', 'ENCRYPTED PRIVATE')) },
        '"/k" for TLS: its key has a passphrase',
      ],
    ];
    for (const [changed, expected] of rows) {
      expect(verdict({ ...good, ...changed })).toContain(expected);
    }
    expect(verdict(texts('expired', 'ca'))).toContain('has expired at 2021-01-01');
    expect(verdict(good, node, Date.parse('2019-06-01'))).toContain('begins at 2020-01-01');
  });

  it('that are not there, or no files, are told by path', () => {
    const path = pemFile('nowhere');
    expect(said(() => readTexts({ caFile: path }))).toBe(
      `Cannot use "${path}" for TLS: there is no such file`,
    );
    expect(said(() => readTexts({ caFile: '/' }))).toBe(
      'Cannot use "/" for TLS: it is a directory',
    );
  });
});
