import type { ConnectionOptions } from 'node:tls';
import { rootCertificates, type TlsOptions } from 'node:tls';
import { limits } from '../base/index.ts';
import type { TlsTexts } from '../ports/index.ts';
import type { Material } from './material.ts';

/** The oldest version spoken, at either end. */
const minVersion = 'TLSv1.2';

/**
 * How a node takes connections. Certificates are asked for where there is a CA to check them by, and whoever has
 * none is not sent away: who needs one is decided when it is known what the other side wants.
 */
export function serverOptions({ ca, cert, key }: Material): TlsOptions {
  return {
    minVersion,
    ...(cert !== null && { cert }),
    ...(key !== null && { key }),
    ...(ca !== null && { ca }),
    requestCert: ca !== null,
    rejectUnauthorized: false,
    handshakeTimeout: limits.tlsHandshakeMs,
  };
}

/** What a client shows and trusts; without a CA given, those that Node trusts. */
export const textsOf = ({ ca, cert, key }: Material): TlsTexts => ({
  ...(cert !== null && { cert }),
  ...(key !== null && { key }),
  ...(ca !== null && { ca }),
});

/**
 * What a node shows and trusts when it connects to another. Without a CA it trusts the public ones, and what its own
 * certificate file holds: all nodes may then share one certificate that signed itself, or have the CA's at the end of
 * their files.
 */
export function nodeTexts(material: Material): TlsTexts {
  const texts = textsOf(material);
  if (material.ca !== null || material.cert === null) return texts;
  return { ...texts, ca: [...rootCertificates, material.cert] };
}

/** How a connection is opened with those: who is there is always checked. */
export const connectionOptions = ({ ca, ...texts }: TlsTexts): ConnectionOptions => ({
  minVersion,
  ...texts,
  ...(ca !== undefined && { ca: typeof ca === 'string' ? ca : [...ca] }),
  rejectUnauthorized: true,
});
