import type { Certificates } from '../tls/index.ts';

/** What a door needs to speak TLS. */
export type DoorTls = {
  readonly certificates: Certificates;
  /** Guests too must show a certificate that the CA signed. Health questions are answered without. */
  readonly guestsCertified: boolean;
};

/** What is said to guests who need a certificate and have none; of the same form as an HTTP status. */
export const certificateWanted =
  '403 This node wants a certificate of its clients (tlscert, tlskey)';
