import { utf8 } from '../base/index.ts';

/*
 * Bytes between quotes: text as it is, and \" \\ \n \r \t, and \xNN for a byte that is no text. What
 * is printed can be read again.
 */

const named: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };
const names: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '"': '\\"',
  '\\': '\\\\',
};

export type Unquoted =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly end: number }
  /** `at`: where it is wrong. */
  | { readonly kind: 'wrong'; readonly at: number; readonly reason: string };

/** Reads what stands between the quote at `start` and the next one. `end`: behind that. */
export function unquote(line: string, start: number): Unquoted {
  const parts: Uint8Array[] = [];
  let plainFrom = start + 1;
  let at = plainFrom;
  while (at < line.length) {
    const character = line.charAt(at);
    if (character === '"') {
      parts.push(utf8(line.slice(plainFrom, at)));
      return { kind: 'bytes', bytes: Buffer.concat(parts), end: at + 1 };
    }
    if (character !== '\\') {
      at += 1;
      continue;
    }
    parts.push(utf8(line.slice(plainFrom, at)));
    const escaped = /^(?:x([0-9a-fA-F]{2})|([nrt"\\]))/.exec(line.slice(at + 1, at + 4));
    if (escaped === null) {
      const reason = 'after a backslash there may be n, r, t, a quote, a backslash, or xNN';
      return { kind: 'wrong', at, reason };
    }
    const [text, hex, name = ''] = escaped;
    parts.push(
      hex === undefined ? utf8(named[name] ?? '') : Uint8Array.of(Number.parseInt(hex, 16)),
    );
    at += 1 + text.length;
    plainFrom = at;
  }
  return { kind: 'wrong', at: line.length, reason: 'the closing quote is missing' };
}

/** The other way. */
export function quote(bytes: Uint8Array): string {
  return `"${isText(bytes) ? quotedText(bytes) : quotedBytes(bytes)}"`;
}

const isText = (bytes: Uint8Array): boolean => {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
};

const quotedText = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('utf8')
    .replaceAll(/["\\\u0000-\u001f\u007f]/g, (character) => {
      return names[character] ?? hexOf(character.charCodeAt(0));
    });

const quotedBytes = (bytes: Uint8Array): string =>
  [...bytes]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      if (byte >= 0x80 || byte < 0x20 || byte === 0x7f) return names[character] ?? hexOf(byte);
      return names[character] ?? character;
    })
    .join('');

const hexOf = (byte: number): string => `\\x${byte.toString(16).padStart(2, '0')}`;
