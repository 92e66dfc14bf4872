import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { createSigningKey, signToken } from '#libs/auth/index.ts';
import { HealthCheckResponse_ServingStatus, HealthService } from '#libs/contracts/health.ts';
import { PortServiceService } from '#libs/contracts/port.ts';
import { v1 } from '#libs/contracts/reflection.ts';
import { fromServiceError } from '#libs/errors/index.ts';
import { createClient } from '#libs/grpc/index.ts';
import { createLogger } from '#libs/telemetry/index.ts';
import { readConfig } from './config.ts';
import { startPortBroker } from './service.ts';

describe('port-broker', () => {
  const stack = new AsyncDisposableStack();
  let target: string;
  let token: string;

  before(async () => {
    const dir = await mkdtemp(join(tmpdir(), 'port-broker-'));
    stack.defer(() => rm(dir, { recursive: true }));
    const jwks = join(dir, 'jwks.json');
    const { privateJwk, publicJwk } = await createSigningKey(['operator']);
    await writeFile(jwks, JSON.stringify({ keys: [publicJwk] }));
    const request = { role: 'operator', subject: 'ann', issuer: 'muster', audience: 'muster', ttlSeconds: 60 } as const;
    token = await signToken(privateJwk, request);
    const config = readConfig({ MUSTER_LISTEN: '127.0.0.1:0', MUSTER_JWKS: jwks });
    const log = createLogger({ service: 'port-broker', level: 'silent' });
    ({ address: target } = await startPortBroker(config, log, stack));
  });
  after(() => stack.disposeAsync());

  it('tells everybody that it serves', async () => {
    using client = createClient(HealthService, { target });
    const answer = await client.check({ service: '' });
    expect(answer.status).to.equal(HealthCheckResponse_ServingStatus.SERVING);
  });

  it('lists by reflection what it really answers, to any valid token', async () => {
    using client = createClient(v1.ServerReflectionService, { target, token });
    const call = client.serverReflectionInfo();
    await call.send({ host: '', messageRequest: { $case: 'listServices', value: '' } });
    call.end();
    const answers = await Array.fromAsync(call.responses);
    const [list] = answers.map(({ messageResponse }) => messageResponse);
    const names = list?.$case === 'listServicesResponse' ? list.value.service.map(({ name }) => name) : [];
    expect(names).to.include('grpc.health.v1.Health');
    expect(names).not.to.include('muster.port.v1.PortService');
  });

  it('says of leases that it does not offer them yet', async () => {
    using client = createClient(PortServiceService, { target, token });
    const error = await client.releaseLease({ leaseId: 'l-1' }).catch(fromServiceError);
    expect(error).to.have.property('code', status.UNIMPLEMENTED);
  });
});
