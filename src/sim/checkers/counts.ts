/** What happened in a run, for the report of what the seeds covered. */
export const countNames = [
  'elections',
  'committed',
  'membershipChanges',
  'additions',
  'removals',
  'replacements',
  'promotions',
  'demotions',
  'shrinks',
  'installs',
  'truncations',
  'suspects',
  'restarts',
  'setAside',
  'votes',
  'saves',
  'events',
  'digests',
  'operations',
  'reads',
  'writes',
  'waits',
  'unknown',
  'refused',
  'refusedByTree',
  'watches',
  'watchEvents',
  'compacted',
  'answeredAgain',
  'sessionsLost',
  'numbersRefused',
  'leasesGranted',
  'leasesRenewed',
  'leasesRevoked',
  'leasesExpired',
  'leasesOutlived',
  'sequences',
  'counts',
  'ifTrue',
  'ifFalse',
] as const;

export type CountName = (typeof countNames)[number];
export type Counts = Record<CountName, number>;

export const noCounts = (): Counts =>
  Object.fromEntries(countNames.map((name) => [name, 0])) as Counts;
