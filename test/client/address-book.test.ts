import { describe, expect, it } from 'vitest';
import { prng } from '../../src/base/index.ts';
import { AddressBook } from '../../src/client/address-book.ts';

const bookOf = (...given: string[]): AddressBook => new AddressBook(given, prng(1));
const sorted = (book: AddressBook): string[] => book.inOrder().sort();

describe('AddressBook', () => {
  it('keeps what it was given for ever, and of the members those that were named last', () => {
    const book = bookOf('given');
    book.learn(['a', 'b']);
    book.learn(['b', 'c']);
    expect(sorted(book)).toEqual(['b', 'c', 'given']);
  });

  it('takes the word of a node that may be behind for an addition', () => {
    const book = bookOf('given');
    book.learn(['new']);
    book.hear(['old']);
    expect(sorted(book)).toEqual(['given', 'new', 'old']);
    book.hear(['older']);
    expect(sorted(book)).toEqual(['given', 'new', 'older']);
    book.learn(['new']);
    expect(sorted(book)).toEqual(['given', 'new']);
  });

  it('learns nothing from a node that knows of no members', () => {
    const book = bookOf('given');
    book.learn(['a']);
    book.learn([]);
    expect(sorted(book)).toEqual(['a', 'given']);
  });

  it('drops an address behind which another cluster answers, unless the user gave it', () => {
    const book = bookOf('given');
    book.learn(['a']);
    book.hear(['b']);
    for (const address of ['a', 'b', 'given']) book.forget(address);
    expect(book.inOrder()).toEqual(['given']);
  });

  it('tries first what never failed, then what failed longest ago', () => {
    const book = bookOf('a', 'b', 'c');
    for (const address of ['a', 'c', 'a']) book.failed(address);
    expect(book.inOrder()).toEqual(['b', 'c', 'a']);
    book.worked('a');
    book.failed('b');
    expect(book.inOrder()).toEqual(['a', 'c', 'b']);
  });
});
