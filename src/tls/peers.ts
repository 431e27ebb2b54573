import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { isFor, isGoodFor, namesOf, usage } from './material.ts';
import { certificateReason } from './reasons.ts';

/** Whether the other side has shown a certificate that the CA here has signed. */
export const isCertified = (socket: Duplex): boolean =>
  socket instanceof TLSSocket && socket.authorized && socket.getPeerX509Certificate() !== undefined;

/** Why who opened `socket` cannot be a peer, or `null`: a certificate signed by the CA here, and not only a guest's. */
export function peerRefusal(socket: Duplex): string | null {
  if (!(socket instanceof TLSSocket)) return 'certificate: peer does not speak TLS';
  const leaf = socket.getPeerX509Certificate();
  if (leaf === undefined) return 'certificate: peer shows none';
  if (!socket.authorized) {
    return `certificate: peer's is ${certificateReason(String(socket.authorizationError))}`;
  }
  return isGoodFor(leaf, usage.server) ? null : "certificate: peer's is for guests only";
}

/**
 * Why who opened `socket` cannot be the peer at `address`, or `null`. That is where others dial it and expect the same
 * certificate, so an honest peer has no trouble with it; and a guest's certificate makes no peer.
 */
export function peerNameRefusal(socket: Duplex, address: string): string | null {
  const leaf = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  if (leaf === undefined || isFor(leaf, address)) return null;
  return `certificate: peer says it is at ${address}, and its is for ${namesOf(leaf)}`;
}
