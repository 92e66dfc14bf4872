import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { before, describe, it } from 'mocha';
import { accessTable, type AccessTable } from './access-table.ts';

describe('accessTable', () => {
  let table: AccessTable;
  before(async () => {
    table = accessTable(await readFile(new URL('../contracts/gen/image.binpb', import.meta.url)));
  });

  it('reads the roles of an rpc from its option', () => {
    const access = table.get('/muster.blob.v1.BlobService/DeleteBlob');
    expect([...(access?.roles ?? [])]).to.deep.equal(['service']);
    expect(access?.isPublic).to.equal(false);
  });

  it('opens health to everybody and reflection to any valid token', () => {
    expect(table.get('/grpc.health.v1.Health/Check')?.isPublic).to.equal(true);
    for (const version of ['v1', 'v1alpha']) {
      const access = table.get(`/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`);
      expect(access?.isPublic).to.equal(false);
      expect([...(access?.roles ?? [])]).to.have.members([
        'customer',
        'operator',
        'agent',
        'service',
      ]);
    }
  });

  it('does not know an rpc that is not in the image', () => {
    expect(table.get('/muster.blob.v1.BlobService/Nothing')).to.equal(undefined);
  });
});
