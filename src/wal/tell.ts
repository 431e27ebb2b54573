// What recovery found, in the log of the process.
import type { Logger } from '../ports/index.ts';
import type { Examined } from './examine.ts';
import { names } from './layout.ts';

export function tellFound(logger: Logger, { image, suspect }: Examined): void {
  const { beyond, last, mark, covered, damage } = image;
  for (const { resumedAt, ...rot } of covered) {
    const fields = { ...rot, ...(resumedAt !== null && { goodFrom: resumedAt }) };
    logger.error(fields, 'log is damaged where a snapshot stands for it: nothing is lost');
  }
  if (image.suspect !== null && damage !== null) {
    const { index, term } = image.suspect;
    const fields = { ...damage, suspectIndex: index, suspectTerm: term, copies: names.damaged };
    logger.error(fields, 'log is damaged: entries once durable cannot be read');
  } else if (damage !== null) {
    logger.error({ ...damage, copies: names.damaged }, 'log is damaged, and shows what it lost');
  } else if (beyond.dirtyTo > beyond.dirtyFrom) {
    const fields = { file: last.path, offset: mark.offset, bytes: beyond.dirtyTo - mark.offset };
    logger.info(fields, 'torn end of the log was cut');
  }
  if (suspect === null) return;
  const fields = { suspectIndex: suspect.index, suspectTerm: suspect.term };
  logger.error(fields, 'node is suspect until its log reaches what it once held');
}
