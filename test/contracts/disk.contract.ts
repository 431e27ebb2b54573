import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ClusterError, must, textOf, utf8 } from '../../src/base/index.ts';
import type { Disk, DiskFile } from '../../src/ports/index.ts';

export type DiskUnderTest = { readonly disk: Disk; readonly dispose: () => Promise<void> };

/** What every `Disk` must do. */
export function describeDisk(name: string, make: () => Promise<DiskUnderTest>): void {
  describe(`${name} is a Disk`, () => {
    let disk: Disk;
    let dispose: () => Promise<void>;

    beforeEach(async () => {
      ({ disk, dispose } = await make());
    });
    afterEach(() => dispose());

    const create = async (path: string, text = ''): Promise<DiskFile> => {
      const file = must(await disk.open(path, 'create'), 'a created file is open');
      if (text !== '') await file.write(0, [utf8(text)]);
      return file;
    };
    const textAt = async (path: string): Promise<string | null> => {
      const file = await disk.open(path, 'read');
      if (file === null) return null;
      const bytes = await file.read(0, await file.size());
      await file.close();
      return textOf(bytes);
    };

    test('a missing file is null, not an error', async () => {
      expect(await disk.open('none', 'read')).toBeNull();
      expect(await disk.open('none', 'write')).toBeNull();
      expect(await disk.exists('none')).toBe(false);
    });

    test('create refuses a file that is there, with ERR_DISK_FAILED naming it', async () => {
      await (await create('a')).close();
      const error = await disk.open('a', 'create').then(
        () => null,
        (e: unknown) => e,
      );
      expect(error).toBeInstanceOf(ClusterError);
      expect(error).toMatchObject({ code: 'ERR_DISK_FAILED' });
      expect(String(error)).toContain('a');
    });

    test('parts are written one after the other from the position on', async () => {
      const file = await create('a', 'xxxxxxxx');
      await file.write(2, [utf8('12'), utf8(''), utf8('345')]);
      expect(textOf(await file.read(0, 100))).toBe('xx12345x');
      await file.write(6, [utf8('abcd')]);
      expect(await file.size()).toBe(10);
      await file.sync();
      await file.close();
      expect(await textAt('a')).toBe('xx1234abcd');
    });

    test('more parts than one system call takes are all written', async () => {
      const file = await create('a');
      const parts = Array.from({ length: 3000 }, (_, i) => utf8(`${i};`));
      await file.write(0, parts);
      const whole = parts.map(textOf).join('');
      expect(textOf(await file.read(0, whole.length))).toBe(whole);
      await file.close();
    });

    test('reading at the end gives what there is, and beyond it nothing', async () => {
      const file = await create('a', 'hello');
      expect(textOf(await file.read(3, 10))).toBe('lo');
      expect(await file.read(5, 10)).toHaveLength(0);
      expect(await file.read(50, 10)).toHaveLength(0);
      await file.close();
    });

    test('a gap between the end and a write reads as zeros', async () => {
      const file = await create('a', 'a');
      await file.write(4, [utf8('b')]);
      expect([...(await file.read(0, 5))]).toEqual([97, 0, 0, 0, 98]);
      await file.close();
    });

    test('truncate cuts and extends', async () => {
      const file = await create('a', 'hello');
      await file.truncate(2);
      expect(await file.size()).toBe(2);
      await file.truncate(4);
      expect([...(await file.read(0, 9))]).toEqual([104, 101, 0, 0]);
      await file.sync();
      await file.close();
    });

    test('rename replaces, and who has the replaced file open reads on', async () => {
      await (await create('old', 'old')).close();
      await (await create('new', 'new')).close();
      const open = must(await disk.open('old', 'read'), 'it is there');
      await disk.rename('new', 'old');
      await disk.syncFolder('');
      expect(await textAt('old')).toBe('new');
      expect(await disk.exists('new')).toBe(false);
      expect(textOf(await open.read(0, 10))).toBe('old');
      await open.close();
    });

    test('who has a removed file open reads on', async () => {
      await (await create('a', 'text')).close();
      const open = must(await disk.open('a', 'read'), 'it is there');
      await disk.remove('a');
      expect(await disk.open('a', 'read')).toBeNull();
      expect(textOf(await open.read(0, 10))).toBe('text');
      await open.close();
    });

    test('folders are made with their parents, listed in order, moved and removed whole', async () => {
      await disk.makeFolder('x/y');
      await disk.makeFolder('x/y');
      await (await create('x/y/b')).close();
      await (await create('x/y/a', 'a')).close();
      expect(await disk.list('x/y')).toEqual(['a', 'b']);
      expect(await disk.list('')).toContain('x');
      expect(await disk.list('nowhere')).toEqual([]);
      await disk.makeFolder('z');
      await disk.rename('x', 'z/x');
      expect(await textAt('z/x/y/a')).toBe('a');
      expect(await disk.exists('x')).toBe(false);
      await disk.remove('z');
      expect(await disk.list('')).not.toContain('z');
      await disk.remove('z');
    });

    test('renaming what is not there fails with ERR_DISK_FAILED', async () => {
      await expect(disk.rename('none', 'other')).rejects.toMatchObject({ code: 'ERR_DISK_FAILED' });
    });

    test('a locked folder is refused, and given once it is released', async () => {
      const lock = await disk.lock('lock');
      await expect(disk.lock('lock')).rejects.toMatchObject({ code: 'ERR_LOCKED' });
      await lock.release();
      await lock.release();
      await (await disk.lock('lock')).release();
    });
  });
}
