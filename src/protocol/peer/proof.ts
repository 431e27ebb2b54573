import { asciiAt, Reader } from '../reader.ts';
import { Writer } from '../writer.ts';

/** How long a proof is, and the nonce of a hello that asks for one. */
export const proofBytes = 32;

/*
 * The second message of either end of a link between nodes with a secret: "dzq1", 32 bytes. They are an HMAC over
 * both hellos, nonces and all, keyed by the secret; the transport has it.
 */
const magic = 'dzq1';

/** `proof` is `proofBytes` long. */
export function encodePeerProof(proof: Uint8Array): Uint8Array {
  const writer = new Writer(4 + proofBytes);
  writer.ascii(magic);
  writer.raw(proof);
  return writer.finish();
}

/** @throws ERR_BAD_FRAME when `bytes` are not a proof. */
export function decodePeerProof(bytes: Uint8Array): Uint8Array {
  const reader = new Reader(bytes, 'a peer proof');
  if (asciiAt(reader.take(4), 0, 4) !== magic) reader.fail(`it does not begin with "${magic}"`, 0);
  const proof = reader.take(proofBytes);
  reader.end();
  return proof;
}
