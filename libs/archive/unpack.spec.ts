import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { isDomainError } from '#libs/errors/index.ts';
import { tempDir, type TempDir } from '#libs/testing/index.ts';
import { unpack } from './unpack.ts';

/** Writes an archive with Python, which can write what no packer of good will writes. */
const PACK = `
import io, sys, tarfile, zipfile
path, kind = sys.argv[1:]
def add(tar, name, data=b'x', **more):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in more.items(): setattr(info, key, value)
    tar.addfile(info, io.BytesIO(data))
if kind.startswith('zip'):
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as made:
        made.writestr('cavity/system/controlDict', 'x')
        if kind == 'zip-out': made.writestr('../out', 'x')
        if kind == 'zip-windows-out': made.writestr('..\\\\out', 'x')
        if kind == 'zip-windows': made.writestr('cavity\\\\system\\\\fvSchemes', 'x')
        if kind == 'zip-line-end': made.writestr('cavity/f\\nl', 'x')
        if kind == 'zip-big': made.writestr('cavity/big', bytes(2000000))
        if kind == 'zip-link':
            link = zipfile.ZipInfo('cavity/link')
            link.external_attr = 0o120777 << 16
            made.writestr(link, '/etc/passwd')
        if kind == 'zip-twice': made.writestr('cavity/system/controlDict', 'y')
    if kind == 'zip-secret':
        data = bytearray(open(path, 'rb').read())
        # The flag of an encrypted entry, in the list of entries at the end.
        data[data.index(b'PK\\x01\\x02') + 8] |= 1
        open(path, 'wb').write(data)
else:
    with tarfile.open(path, 'w:gz' if kind == 'gz' else 'w') as made:
        add(made, 'cavity/system/controlDict')
        if kind == 'out': add(made, '../out')
        if kind == 'absolute': add(made, '/tmp/out')
        if kind == 'link': add(made, 'cavity/link', b'', type=tarfile.SYMTYPE, linkname='/etc/passwd')
        if kind == 'hard': add(made, 'cavity/hard', b'', type=tarfile.LNKTYPE, linkname='/etc/passwd')
        if kind == 'device': add(made, 'cavity/device', b'', type=tarfile.CHRTYPE)
        if kind == 'big': add(made, 'cavity/big', bytes(2000000))
        if kind == 'many':
            for i in range(200): add(made, 'cavity/%d' % i)
`;

describe('an archive', () => {
  let dir: TempDir;
  let into: string;
  const bounds = { bytes: 1_000_000, entries: 100 };
  beforeEach(async () => {
    dir = await tempDir();
    into = join(dir.path, 'into');
    await mkdir(into);
  });
  afterEach(() => dir[Symbol.asyncDispose]());
  const pack = async (kind: string): Promise<string> => {
    const file = join(dir.path, kind);
    await promisify(execFile)('python3', ['-c', PACK, file, kind]);
    return file;
  };
  const refusalOf = (file: string) =>
    unpack(file, into, bounds).then(
      () => 'done',
      (thrown: unknown) =>
        isDomainError(thrown) ? `${thrown.reason}: ${thrown.message}` : String(thrown),
    );

  for (const kind of ['tar', 'gz', 'zip']) {
    it(`is unpacked from ${kind}`, async () => {
      await unpack(await pack(kind), into, bounds);
      expect(await readFile(join(into, 'cavity/system/controlDict'), 'utf8')).to.equal('x');
    });
  }

  it('is unpacked from zip with the separators of Windows', async () => {
    await unpack(await pack('zip-windows'), into, bounds);
    expect(await readFile(join(into, 'cavity/system/fvSchemes'), 'utf8')).to.equal('x');
  });

  it('is unpacked from zip with the very names that it has, also with a line end in one', async () => {
    await unpack(await pack('zip-line-end'), into, bounds);
    expect(await readFile(join(into, 'cavity/f\nl'), 'utf8')).to.equal('x');
  });

  for (const [kind, why] of Object.entries({
    out: 'leads out',
    absolute: 'leads out',
    link: 'neither a file nor a folder',
    hard: 'neither a file nor a folder',
    device: 'neither a file nor a folder',
    big: 'more than 1000000 bytes',
    many: 'more than 100 files',
    'zip-out': 'cannot be unpacked',
    'zip-windows-out': 'cannot be unpacked',
    'zip-link': 'neither a file nor a folder',
    'zip-big': 'more than 1000000 bytes',
    'zip-secret': 'is encrypted',
    'zip-twice': 'cavity/system/controlDict twice',
  })) {
    it(`is refused: ${kind}`, async () => {
      expect(await refusalOf(await pack(kind)))
        .to.match(/^ARCHIVE_UNFIT/)
        .and.to.include(why);
      expect(await readdir(dir.path)).to.have.members(['into', kind]);
    });
  }

  it('is refused when it is none, or was cut off', async () => {
    const junk = join(dir.path, 'junk');
    await writeFile(junk, 'no archive at all');
    expect(await refusalOf(junk)).to.match(/^ARCHIVE_UNFIT/);
    const whole = await readFile(await pack('gz'));
    await writeFile(junk, whole.subarray(0, whole.length / 2));
    expect(await refusalOf(junk)).to.match(/^ARCHIVE_UNFIT/);
  });
});
