import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import { cannotUse, type ReadFiles, type TextFile } from './files.ts';

/** Checked PEM texts: what they hold is whole and fits together. */
export type Material = {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  /** The certificate that is shown; `null` when none is. */
  readonly leaf: X509Certificate | null;
  /** When the first of the shown certificates ends, in milliseconds of the calendar; `null` when none is shown. */
  readonly endsAtMs: number | null;
};

/** What a certificate must be good for, beyond being one. */
export type Demands = {
  /** host:port where others dial its owner; `null`: it is never dialled. */
  readonly address: string | null;
  /** Its owner dials others who check it, and the CA given must have signed it. */
  readonly mutual: boolean;
};

/** What ends up in the extension "extended key usage". */
export const usage = {
  server: '1.3.6.1.5.5.7.3.1',
  client: '1.3.6.1.5.5.7.3.2',
} as const;

const chainLengthMax = 8;

/**
 * Checks what was read. Each complaint names the file, what was expected there and what to do.
 *
 * @throws ERR_BAD_ARGUMENT
 */
export function checkMaterial(texts: ReadFiles, demands: Demands, nowMs: number): Material {
  const { ca, cert, key } = texts;
  const authorities = ca === null ? [] : certificatesIn(ca);
  const alone = cert === null ? key : key === null ? cert : null;
  if (alone !== null) {
    throw cannotUse(alone.path, 'a certificate and its key need each other: name both files');
  }
  if (cert === null || key === null) {
    return { ca: ca?.text ?? null, cert: null, key: null, leaf: null, endsAtMs: null };
  }
  const chain = certificatesIn(cert);
  const leaf = chain[0];
  if (leaf === undefined) throw cannotUse(cert.path, 'it holds no certificate');
  if (!leaf.checkPrivateKey(privateKeyIn(key))) {
    const why = `it is not the key of the certificate in "${cert.path}": give the two that were made together`;
    throw cannotUse(key.path, why);
  }
  const ends = chain.map((each) => Date.parse(each.validTo));
  const endsAtMs = Math.min(...ends);
  if (endsAtMs <= nowMs) {
    const at = new Date(endsAtMs).toISOString();
    throw cannotUse(cert.path, `a certificate in it has expired at ${at}: put a new one there`);
  }
  if (Date.parse(leaf.validFrom) > nowMs) {
    const from = new Date(leaf.validFrom).toISOString();
    throw cannotUse(cert.path, `its certificate begins at ${from}: is this machine's clock right?`);
  }
  if (demands.address !== null) checkName(cert, leaf, demands.address);
  if (demands.mutual && ca !== null) checkMutual(cert, chain, ca, authorities);
  try {
    createSecureContext({ cert: cert.text, key: key.text, ...(ca !== null && { ca: ca.text }) });
  } catch (error) {
    throw cannotUse(cert.path, `OpenSSL says: ${(error as Error).message}`, error);
  }
  return { ca: ca?.text ?? null, cert: cert.text, key: key.text, leaf, endsAtMs };
}

const begin = '-----BEGIN CERTIFICATE-----';
const pattern = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function certificatesIn({ path, text }: TextFile): X509Certificate[] {
  const begun = text.split(begin).length - 1;
  const blocks = text.match(pattern) ?? [];
  if (begun === 0) {
    throw cannotUse(path, `a PEM file is wanted, with "${begin}" in it`);
  }
  if (blocks.length < begun) throw cannotUse(path, 'a certificate in it is cut off');
  return blocks.map((block, i) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw cannotUse(path, `certificate ${i + 1} in it cannot be read`, error);
    }
  });
}

function privateKeyIn({ path, text }: TextFile): KeyObject {
  if (!text.includes('PRIVATE KEY-----')) {
    throw cannotUse(path, 'a PEM file is wanted, with "-----BEGIN PRIVATE KEY-----" in it');
  }
  if (text.includes('ENCRYPTED')) {
    throw cannotUse(path, 'its key has a passphrase, which nobody could type: give one without');
  }
  try {
    return createPrivateKey(text);
  } catch (error) {
    throw cannotUse(path, 'its key cannot be read: it is cut off, or no key', error);
  }
}

/** host of host:port, without the brackets of IPv6. */
export const hostOf = (address: string): string =>
  address.slice(0, address.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1');

/** Whether who shows `leaf` may be the one at `address`. Only alternative names count, as everywhere today. */
export function isFor(leaf: X509Certificate, address: string): boolean {
  const host = hostOf(address);
  if (isIP(host) !== 0) return leaf.checkIP(host) !== undefined;
  return leaf.checkHost(host, { subject: 'never' }) !== undefined;
}

/** The names a certificate is for, for people. */
export const namesOf = (leaf: X509Certificate): string => leaf.subjectAltName ?? 'no name at all';

/** Whether `leaf` may be used so; one that says nothing may be used for everything. */
export const isGoodFor = (leaf: X509Certificate, wanted: string): boolean =>
  (leaf.keyUsage as readonly string[] | undefined)?.includes(wanted) ?? true;

function checkName({ path }: TextFile, leaf: X509Certificate, address: string): void {
  if (isFor(leaf, address)) return;
  const host = hostOf(address);
  const kind = isIP(host) === 0 ? `DNS:${host}` : `IP:${host}`;
  const why = `its certificate is for ${namesOf(leaf)}, and this node is reached at "${address}"`;
  throw cannotUse(path, `${why}: it needs the alternative name ${kind}`);
}

function checkMutual(
  cert: TextFile,
  chain: readonly X509Certificate[],
  ca: TextFile,
  authorities: readonly X509Certificate[],
): void {
  const [leaf] = chain;
  if (leaf === undefined) return;
  for (const [name, wanted] of Object.entries(usage)) {
    if (isGoodFor(leaf, wanted)) continue;
    const why = `its certificate may not be used as a ${name}'s, and a node is both`;
    throw cannotUse(cert.path, `${why}: it needs extendedKeyUsage=serverAuth,clientAuth`);
  }
  if (isSigned(leaf, chain, authorities)) return;
  const why = `no CA in "${ca.path}" has signed its certificate (issuer ${oneLine(leaf.issuer)})`;
  throw cannotUse(cert.path, `${why}: put the one that did there, beside those of the other nodes`);
}

function isSigned(
  leaf: X509Certificate,
  chain: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
): boolean {
  let current = leaf;
  for (let i = 0; i < chainLengthMax; i++) {
    const { fingerprint256 } = current;
    if (authorities.some((each) => each.fingerprint256 === fingerprint256)) return true;
    if (authorities.some((each) => hasSigned(each, current))) return true;
    const next = chain.find((each) => each !== current && hasSigned(each, current));
    if (next === undefined) return false;
    current = next;
  }
  return false;
}

const hasSigned = (signer: X509Certificate, signed: X509Certificate): boolean =>
  signed.checkIssued(signer) && signed.verify(signer.publicKey);

const oneLine = (name: string): string => name.replaceAll('\n', ', ');
