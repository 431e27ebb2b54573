/** What is wrong with a certificate, by OpenSSL's name for it, as it follows "it is". */
export const certificateReason = (code: string): string => certificateReasons[code] ?? code;

const unsigned = 'not signed by a CA that is trusted here';
const certificateReasons: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: unsigned,
  SELF_SIGNED_CERT_IN_CHAIN: unsigned,
  UNABLE_TO_GET_ISSUER_CERT: unsigned,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unsigned,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unsigned,
  CERT_SIGNATURE_FAILURE: unsigned,
  INVALID_PURPOSE: 'not meant for this end of a connection (extendedKeyUsage)',
  CERT_UNTRUSTED: unsigned,
};

/**
 * Why a TLS connection that this side opened failed, for people, with what to do; `null` for what has nothing to do
 * with TLS.
 */
export function handshakeReason(error: NodeJS.ErrnoException): string | null {
  const { code = '', message } = error;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const names = (error as { cert?: { subjectaltname?: string } }).cert?.subjectaltname;
    return `its certificate is for ${names ?? 'no name at all'}, and not for that address`;
  }
  const reason = certificateReasons[code];
  if (reason === unsigned) return `its certificate is ${unsigned}: is it the right CA?`;
  if (reason !== undefined) return `its certificate is ${reason}`;
  if (/wrong version number|packet length too long|unknown protocol|http request/i.test(message)) {
    return 'it does not speak TLS (a doozer: URI, or a node without -tlscert?)';
  }
  if (/alert (bad|unknown|unsupported|expired|revoked|certificate|access)/i.test(message)) {
    return 'it does not take the certificate shown here, or wants one';
  }
  if (/alert protocol version|unsupported protocol/i.test(message)) {
    return 'it speaks no version of TLS that is spoken here (1.2 or newer)';
  }
  if (/before secure TLS connection was established/i.test(message)) {
    return 'it closed the connection during the TLS handshake: does it speak TLS (-tlscert)?';
  }
  return null;
}
