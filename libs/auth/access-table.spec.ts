import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { before, describe, it } from 'mocha';
import { Service } from '#libs/contracts/gen/muster/common/v1/access.ts';
import { serviceNames } from '#libs/mesh/index.ts';
import { accessTable, type AccessTable } from './access-table.ts';

describe('accessTable', () => {
  let table: AccessTable;
  before(async () => {
    table = accessTable(await readFile(new URL('../contracts/gen/image.binpb', import.meta.url)));
  });

  it('reads the roles of an rpc from its option', () => {
    const access = table.get('/muster.blob.v1.BlobService/DeleteBlob');
    expect([...(access?.roles ?? [])]).to.deep.equal(['service']);
    expect([...(access?.services ?? [])]).to.deep.equal(['session-supervisor']);
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

  it('knows every service of the option, by the name that its tokens carry', () => {
    const nobody: string[] = [Service.UNSPECIFIED, Service.UNRECOGNIZED];
    const named = Object.values(Service).filter((value) => !nobody.includes(value));
    const names = named.map((value) =>
      value.slice('SERVICE_'.length).toLowerCase().replaceAll('_', '-'),
    );
    expect(names).to.deep.equal(serviceNames);
  });

  it('does not know an rpc that is not in the image', () => {
    expect(table.get('/muster.blob.v1.BlobService/Nothing')).to.equal(undefined);
  });
});
