import type { ConnectionOptions } from 'node:tls';
import { rootCertificates, type TlsOptions } from 'node:tls';
import { limits } from '../base/index.ts';
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

/** How a client connects: it trusts the CA given, or, without one, those that Node trusts. */
export function clientOptions({ ca, cert, key }: Material): ConnectionOptions {
  return {
    minVersion,
    ...(cert !== null && { cert }),
    ...(key !== null && { key }),
    ...(ca !== null && { ca }),
    rejectUnauthorized: true,
  };
}

/**
 * How a node connects to another. Without a CA it trusts the public ones, and what its own certificate file holds: all
 * nodes may then share one certificate that signed itself, or have the CA's at the end of their files.
 */
export function nodeOptions(material: Material): ConnectionOptions {
  const options = clientOptions(material);
  if (material.ca !== null || material.cert === null) return options;
  return { ...options, ca: [...rootCertificates, material.cert] };
}
