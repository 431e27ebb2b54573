import type { TlsFiles } from '../ports/index.ts';
import { parseAddress } from './address.ts';

/** What a `doozer:` URI says. */
export type ClusterUri = {
  readonly kind: 'uri';
  /** `cn`: looked up in a boot cluster, if there is one; else without meaning. */
  readonly clusterName: string | null;
  /** `ca`, each with its port; may be empty when there is a cluster name. */
  readonly addresses: readonly string[];
  /** `sk`. Never to be printed. */
  readonly secret: string | null;
  /** `null`: `doozer:`, plain TCP. Else `doozers:`, TLS, with the files of `tlsca`, `tlscert` and `tlskey`. */
  readonly tls: TlsFiles | null;
};

/** `reason` is for people. It never repeats the URI, which may hold a secret. */
export type InvalidUri = { readonly kind: 'invalid'; readonly reason: string };

const prefix = 'doozer:?';
const tlsPrefix = 'doozers:?';

const tlsKeys = { tlsca: 'caFile', tlscert: 'certFile', tlskey: 'keyFile' } as const;
const isTlsKey = (key: string): key is keyof typeof tlsKeys => Object.hasOwn(tlsKeys, key);

/**
 * Reads `doozer:?ca=HOST:PORT&ca=...&cn=NAME&sk=SECRET`, and `doozers:?...`, which means TLS and may name files:
 * `tlsca=FILE&tlscert=FILE&tlskey=FILE`.
 *
 * What follows the prefix is read like an HTTP query: `&` or `;` between pairs, percent and plus
 * decoding. `un`, which doozer's documents name and its program never read, and unknown keys are ignored.
 */
export function parseUri(text: string): ClusterUri | InvalidUri {
  const isTls = text.startsWith(tlsPrefix);
  if (!isTls && !text.startsWith(prefix)) {
    return invalid(`it must begin with "${prefix}" or "${tlsPrefix}"`);
  }
  const files: { -readonly [key in keyof TlsFiles]: string } = {};
  const addresses: string[] = [];
  let clusterName: string | null = null;
  let secret: string | null = null;
  for (const part of text.slice(isTls ? tlsPrefix.length : prefix.length).split(/[&;]/)) {
    if (part === '') continue;
    const pair = parsePair(part);
    if (pair === null) return invalid('a "%" must be followed by two hexadecimal digits of UTF-8');
    const [key, value] = pair;
    if (key === 'ca') {
      const address = parseAddress(value);
      if (address === null) {
        // A slip in front of "sk=" makes the secret a part of it.
        const shown = value.replace(/[?/]?sk=.*$/s, '...');
        return invalid(`"${shown}" is no address: use HOST or HOST:PORT`);
      }
      if (!addresses.includes(address)) addresses.push(address);
    } else if (key === 'cn') clusterName ??= value;
    else if (key === 'sk') secret ??= value;
    else if (isTlsKey(key)) {
      if (!isTls) return invalid(`"${key}" is for TLS: begin with "${tlsPrefix}"`);
      if (value === '') return invalid(`the file name after "${key}=" is empty`);
      files[tlsKeys[key]] ??= value;
    }
  }
  if (clusterName === '') return invalid('the cluster name after "cn=" is empty');
  if (addresses.length === 0 && clusterName === null) {
    return invalid('it needs an address, as in "doozer:?ca=127.0.0.1:8046"');
  }
  if ((files.certFile === undefined) !== (files.keyFile === undefined)) {
    return invalid('"tlscert" and "tlskey" need each other');
  }
  return { kind: 'uri', clusterName, addresses, secret, tls: isTls ? files : null };
}

/** `uri`, which is valid, leading to `address` alone; what else it says, such as a secret, stays. */
export function uriAt(uri: string, address: string): string {
  const query = uri.indexOf('?') + 1;
  const rest = uri
    .slice(query)
    .split(/[&;]/)
    .filter((part) => !['ca', 'cn'].includes(parsePair(part)?.[0] ?? ''));
  return uri.slice(0, query) + [`ca=${encodeURIComponent(address)}`, ...rest].join('&');
}

const invalid = (reason: string): InvalidUri => ({ kind: 'invalid', reason });

/** A key and its value, decoded; a key without `=` has an empty value. */
function parsePair(part: string): readonly [string, string] | null {
  const equals = part.indexOf('=');
  const key = decode(equals < 0 ? part : part.slice(0, equals));
  const value = decode(equals < 0 ? '' : part.slice(equals + 1));
  return key === null || value === null ? null : [key, value];
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}
