const colours: Readonly<Record<string, string>> = {
  error: '\u001b[31m',
  info: '\u001b[32m',
  debug: '\u001b[2m',
};
const plain = '\u001b[0m';

/**
 * A line of the log for eyes: time of day (UTC), level, message, then the fields as `name=value`. What is no
 * such line is shown as it came. The node's id stands last; it is the same on every line.
 */
export function prettyLine(json: string): string {
  const line = parsed(json);
  if (line === null) return json;
  const { level, time, msg, node, ...fields } = line;
  const word = typeof level === 'string' ? level : '';
  const clock = typeof time === 'string' ? time.slice(11, 23) : '';
  const rest = Object.entries(node === undefined ? fields : { ...fields, node });
  const facts = rest.map(([name, value]) => ` ${name}=${shown(value)}`).join('');
  const head = `${colours[word] ?? ''}${word.padEnd(5)}${plain}`;
  return `${clock} ${head} ${shownText(msg)}${facts}\n`;
}

function parsed(json: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** Values are kept from steering the terminal: JSON has no control characters. */
const shown = (value: unknown): string =>
  typeof value === 'string' && /^[!-~]+$/.test(value) ? value : JSON.stringify(value);

const shownText = (value: unknown): string =>
  typeof value === 'string' && /^[ -~]*$/.test(value) ? value : JSON.stringify(value);
