import { join } from 'node:path';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { accessTable, type Role } from '#libs/auth/index.ts';
import { descriptorImage } from '#libs/contracts/image.ts';
import { fromServiceError, status } from '#libs/errors/index.ts';
import { serviceNames, type ServiceName } from '#libs/mesh/index.ts';
import { startService, type RunningService } from '#libs/testing/index.ts';
import { startMesh, type Mesh } from './fixtures/mesh.ts';

/** How long the test listens to a silent stream. A stream that stays open this long has let the caller in. */
const SILENCE_MS = 1_500;

const table = accessTable(descriptorImage());
const ours = [...table.keys()].filter((path) => path.startsWith('/muster.')).sort();

/** The outcome of an empty request: the reason of its refusal, or `let in`. */
const call = (client: Client, path: string, token: string | undefined): Promise<string> =>
  new Promise((resolve) => {
    const metadata = new Metadata();
    if (token !== undefined) {
      metadata.set('authorization', `Bearer ${token}`);
    }
    const bytes = (message: Buffer): Buffer => message;
    // All four kinds of rpc look the same on the wire: one message, then the end.
    const stream = client.makeBidiStreamRequest(path, bytes, bytes, metadata, {
      deadline: Date.now() + SILENCE_MS,
    });
    const letIn = (): void => {
      resolve('let in');
      stream.cancel();
    };
    stream.on('data', letIn);
    stream.on('status', ({ code }: { code: number }) => {
      if (code === status.OK) {
        letIn();
      }
    });
    stream.on('error', (thrown) => {
      const { code, reason } = fromServiceError(thrown);
      const isRefused =
        code === status.UNAUTHENTICATED ||
        reason === 'ROLE_NOT_ALLOWED' ||
        reason === 'SERVICE_NOT_ALLOWED' ||
        reason === 'RPC_NOT_OPEN';
      resolve(isRefused || code === status.UNIMPLEMENTED ? reason : 'let in');
    });
    stream.write(Buffer.alloc(0));
    stream.end();
  });

describe('access to rpcs', function () {
  this.timeout(60_000);
  let mesh: Mesh;
  let broker: RunningService;
  const clients: Record<string, Client> = {};
  const tokens = new Map<Role | ServiceName, string>();
  before(async () => {
    mesh = await startMesh();
    broker = await startService({
      name: 'port-broker',
      env: {
        MUSTER_JWKS: mesh.keys.jwksFile,
        MUSTER_LISTEN: '127.0.0.1:0',
        MUSTER_PORT_DATA: join(mesh.dir, 'ports'),
      },
    });
    const { session, user, blob } = mesh.endpoints;
    const targets = { session, user, agent: user, blob, port: broker.address };
    for (const [area, target] of Object.entries(targets)) {
      clients[area] = new Client(target, credentials.createInsecure());
    }
    for (const role of ['customer', 'operator'] as const) {
      tokens.set(role, await mesh.keys.token(role, `a-${role}`));
    }
    for (const service of serviceNames) {
      tokens.set(service, await mesh.keys.token('service', service));
    }
    const { token } = await mesh.operator.machines.createMachine({
      name: 'roles',
      tokenTtlSeconds: 0,
      requestId: '',
    });
    tokens.set('agent', token);
  });
  after(async () => {
    for (const client of Object.values(clients)) {
      client.close();
    }
    await broker[Symbol.asyncDispose]();
    await mesh[Symbol.asyncDispose]();
  });

  const clientOf = (path: string): Client => {
    const [, area = ''] = /^\/muster\.(\w+)\./.exec(path) ?? [];
    const client = clients[area];
    if (client === undefined) {
      throw new Error(`no service serves ${path}`);
    }
    return client;
  };
  /** The outcome of every rpc of the mesh, called with this token. */
  const walk = async (token: string | undefined): Promise<Record<string, string>> =>
    Object.fromEntries(
      await Promise.all(ours.map(async (path) => [path, await call(clientOf(path), path, token)])),
    );
  const all = (told: string): Record<string, string> =>
    Object.fromEntries(ours.map((path) => [path, told]));

  it('names roles for every rpc of every service', () => {
    const services = new Set(ours.map((path) => path.split('/')[1]));
    expect([...services]).to.include.members([
      'muster.agent.v1.AgentService',
      'muster.blob.v1.BlobService',
      'muster.blob.v1.ObjectService',
      'muster.port.v1.PortService',
      'muster.session.v1.CustomerService',
      'muster.session.v1.WorkloadService',
      'muster.user.v1.DemandService',
      'muster.user.v1.MachineService',
      'muster.user.v1.UserService',
    ]);
    expect(ours.length).to.be.above(40);
  });

  for (const role of ['customer', 'operator', 'agent'] as const) {
    it(`lets ${role}s into the rpcs that name them, and into no other`, async () => {
      const told = (path: string): string =>
        table.get(path)?.roles.has(role) === true ? 'let in' : 'ROLE_NOT_ALLOWED';
      const matrix = Object.fromEntries(ours.map((path) => [path, told(path)]));
      expect(await walk(tokens.get(role))).to.deep.equal(matrix);
    });
  }

  for (const service of serviceNames) {
    it(`lets ${service} into the rpcs that name it, and into no other`, async () => {
      const told = (path: string): string => {
        const { roles, services } = table.get(path)!;
        if (!roles.has('service')) {
          return 'ROLE_NOT_ALLOWED';
        }
        return services.has(service) ? 'let in' : 'SERVICE_NOT_ALLOWED';
      };
      const matrix = Object.fromEntries(ours.map((path) => [path, told(path)]));
      expect(await walk(tokens.get(service))).to.deep.equal(matrix);
    });
  }

  it('opens no rpc to the tokens of blob and user-manager, and of session-supervisor none to any service', () => {
    const open = (service: ServiceName) =>
      ours.filter((path) => table.get(path)!.services.has(service));
    expect([...open('blob'), ...open('user-manager')]).to.deep.equal([]);
    const reached = serviceNames.flatMap(open);
    expect(reached.filter((path) => path.startsWith('/muster.session.'))).to.deep.equal([]);
    expect(reached).to.include('/muster.blob.v1.BlobService/DeleteBlob');
  });

  it('lets no caller in without a token, or with one that was not signed', async () => {
    expect(await walk(undefined)).to.deep.equal(all('TOKEN_MISSING'));
    expect(await walk('no.real.token')).to.deep.equal(all('TOKEN_INVALID'));
  });
});
