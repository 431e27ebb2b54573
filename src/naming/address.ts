/** Where a node listens when nobody says otherwise. */
export const defaultPort = 8046;

const port = (text: string): number | null => {
  if (!/^[0-9]{1,5}$/.test(text)) return null;
  const n = Number(text);
  return n >= 1 && n <= 65_535 ? n : null;
};

/**
 * `text` as host:port with `otherPort` filled in where none stands, or `null` when it is no address.
 * An IPv6 host stands in brackets; without a port it may stand bare.
 */
export function parseAddress(text: string, otherPort: number = defaultPort): string | null {
  const bracketed = /^\[([0-9A-Fa-f:.%]+)\](?::(.*))?$/.exec(text);
  if (bracketed !== null) return joined(`[${bracketed[1]}]`, bracketed[2], otherPort);
  const colons = text.split(':').length - 1;
  if (colons > 1) {
    const bare = /^[0-9A-Fa-f:.]+$/.test(text) && (text.includes('::') || colons === 7);
    return bare ? `[${text}]:${otherPort}` : null;
  }
  const [host = '', given] = text.split(':');
  return /^[^\s/?#@[\]]+$/.test(host) ? joined(host, given, otherPort) : null;
}

function joined(host: string, given: string | undefined, otherPort: number): string | null {
  const n = given === undefined ? otherPort : port(given);
  return n === null ? null : `${host}:${n}`;
}
