import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../ports/index.ts';
import type { Server } from '../server/index.ts';
import { plain } from './plain.ts';

export type AdmissionParts = { readonly server: Server; readonly clock: Clock };

/**
 * Calls `then` at once for whoever shows a secret, where the cluster has one; the answer to a wrong one waits.
 * It is the password of HTTP's basic access (RFC 7617, any user name) or a bearer's token (RFC 6750).
 */
export function admit(
  { server, clock }: AdmissionParts,
  request: IncomingMessage,
  response: ServerResponse,
  then: () => void,
): void {
  if (!server.guarded) return then();
  const secret = secretIn(request);
  if (secret === '') return ask(response);
  const verdict = server.judge(secret, request.socket.remoteAddress ?? '');
  if (verdict.kind === 'right') {
    then();
  } else if (verdict.kind === 'unheard') {
    plain(response, 429, 'Too many wrong secrets from this address: try again later.\n');
  } else {
    const timer = clock.after(verdict.afterMs, () => ask(response));
    response.once('close', () => timer.cancel());
  }
}

/** Empty when there is none. */
function secretIn({ headers }: IncomingMessage): string {
  const { authorization = '' } = headers;
  const bearer = /^Bearer +([!-~]+) *$/i.exec(authorization);
  if (bearer !== null) return bearer[1] ?? '';
  const basic = /^Basic +([A-Za-z0-9+/=]+) *$/i.exec(authorization);
  const pair = Buffer.from(basic?.[1] ?? '', 'base64').toString('utf8');
  return pair.includes(':') ? pair.slice(pair.indexOf(':') + 1) : '';
}

function ask(response: ServerResponse): void {
  response.setHeader('www-authenticate', 'Basic realm="doozer", charset="UTF-8"');
  plain(response, 401, 'This cluster has a secret: give it as the password, with any user name.\n');
}
