import { expect } from 'chai';
import { describe, it } from 'mocha';
import { ProjectManifest } from '#libs/contracts/blob.ts';
import { isDomainError } from '#libs/errors/index.ts';
import { readManifest } from './manifest.ts';

const encoded = (paths: readonly string[], mainPath = 'a.blend'): Uint8Array => {
  const file = { blobName: 'b', sizeBytes: 1, sha256: 'ab'.repeat(32), grant: Buffer.alloc(32) };
  return ProjectManifest.encode({
    mainPath,
    files: paths.map((path) => ({ ...file, path })),
  }).finish();
};
const refusal = (bytes: Uint8Array): string => {
  try {
    readManifest(bytes);
    return 'read';
  } catch (error) {
    return isDomainError(error) ? error.reason : String(error);
  }
};

describe('readManifest', () => {
  it('reads what blob makes', () => {
    expect(readManifest(encoded(['a.blend', '/srv/b.png'])).mainPath).to.equal('a.blend');
  });

  it('refuses what cannot be laid out, whoever made it', () => {
    for (const paths of [
      ['a.blend', '../b'],
      ['a.blend', '/srv/../b'],
      ['a.blend', 'a.blend'],
      ['a.blend', 'a.blend/b'],
      ['b.blend'],
      ['a.blend', ...Array.from({ length: 65 }, (_, i) => `/${i}/b`)],
      Array.from({ length: 20_001 }, (_, i) => `${i}`),
    ]) {
      expect(refusal(encoded(paths)), paths.slice(0, 3).join()).to.equal('PROJECT_UNREADABLE');
    }
    expect(refusal(Buffer.from('no manifest at all'))).to.equal('PROJECT_UNREADABLE');
    expect(refusal(encoded(['/a.blend'], '/a.blend'))).to.equal('PROJECT_UNREADABLE');
  });
});
