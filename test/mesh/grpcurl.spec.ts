import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { findProgram } from '#libs/programs/index.ts';
import { needs, startService, type RunningService } from '#libs/testing/index.ts';
import { startMesh, type Mesh } from './fixtures/mesh.ts';

const run = promisify(execFile);

/** The output of grpcurl for a refused rpc. */
interface Refusal {
  code: number;
  stderr: string;
}

const ALWAYS = [
  'grpc.health.v1.Health',
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
];

describe('grpcurl', function () {
  this.timeout(60_000);
  let mesh: Mesh;
  let portBroker: RunningService;
  let program: string;
  let operator: string;
  let customer: string;

  before(needs('grpcurl'));
  before(async () => {
    program = await findProgram('grpcurl', process.env['PATH']);
    mesh = await startMesh();
    portBroker = await startService({
      name: 'port-broker',
      env: {
        MUSTER_LISTEN: '127.0.0.1:0',
        MUSTER_JWKS: mesh.keys.jwksFile,
        MUSTER_PORT_DATA: join(mesh.dir, 'ports'),
      },
    });
    operator = await mesh.keys.token('operator', 'somebody');
    customer = await mesh.keys.token('customer', 'acme');
  });
  after(async () => {
    await portBroker?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  const addressOf = (service: string): string => {
    const { session, user, blob } = mesh.endpoints;
    const target = { session, user, blob, port: portBroker.address }[service] ?? '';
    return target.replace('ipv4:', '');
  };
  const grpcurl = async (args: string[]): Promise<string> =>
    (await run(program, ['-plaintext', ...args])).stdout;
  /** Sends the token only with reflection calls, not with the rpc itself. */
  const reflecting = (token: string): string[] => [
    '-reflect-header',
    `authorization: Bearer ${token}`,
  ];
  const using = (token: string): string[] => ['-H', `authorization: Bearer ${token}`];
  const refusalOf = async (args: string[]): Promise<string> => {
    try {
      await grpcurl(args);
    } catch (thrown) {
      return (thrown as Refusal).stderr;
    }
    throw new Error('grpcurl was not refused');
  };

  const services: Record<
    string,
    { names: string[]; call: string; request: string; answer: unknown }
  > = {
    session: {
      names: ['muster.session.v1.CustomerService', 'muster.session.v1.WorkloadService'],
      call: 'muster.session.v1.WorkloadService/ListWorkloads',
      request: '{"states": ["WORKLOAD_STATE_RUNNING"]}',
      answer: {},
    },
    user: {
      names: [
        'agent.v1.AgentService',
        'user.v1.DemandService',
        'user.v1.MachineService',
        'user.v1.UserService',
      ].map((name) => `muster.${name}`),
      call: 'muster.user.v1.UserService/ListUsers',
      request: '{"page_size": 10}',
      answer: {},
    },
    blob: {
      names: ['muster.blob.v1.BlobService', 'muster.blob.v1.ObjectService'],
      call: 'muster.blob.v1.ObjectService/ListObjects',
      request: '{}',
      answer: {},
    },
    port: {
      names: [
        'muster.port.v1.ComputeSessionService',
        'muster.port.v1.PortService',
        'muster.port.v1.VisualizationService',
        'muster.port.v1.VncService',
      ],
      call: 'muster.port.v1.PortService/ListLeases',
      request: '{"pool": "vnc"}',
      answer: {},
    },
  };

  for (const [service, { names, call, request, answer }] of Object.entries(services)) {
    it(`lists, describes and calls what ${service} serves`, async () => {
      const at = addressOf(service);
      const listed = (await grpcurl([...using(operator), at, 'list'])).trim().split('\n');
      expect(listed.sort()).to.deep.equal([...ALWAYS, ...names].sort());
      for (const name of names) {
        const text = await grpcurl([...using(operator), at, 'describe', name]);
        expect(text)
          .to.match(new RegExp(`^${name} is a service:`))
          .and.match(/rpc \w+ \(/);
      }
      expect(
        JSON.parse(await grpcurl([...using(operator), '-d', request, at, call])),
      ).to.deep.equal(answer);
    });
  }

  it('describes messages with all types that they refer to', async () => {
    const text = await grpcurl([
      ...using(customer),
      addressOf('session'),
      'describe',
      'muster.session.v1.StartWorkloadRequest',
    ]);
    expect(text)
      .to.contain('.muster.common.v1.RenderSpec render = 2;')
      .and.contain('optional uint32 wanted_users = 6;');
    const status = await grpcurl([
      ...using(customer),
      addressOf('blob'),
      'describe',
      'google.rpc.Status',
    ]);
    expect(status).to.contain('repeated .google.protobuf.Any details = 3;');
  });

  it('starts a workload and watches it', async () => {
    const rpc = (name: string, request: unknown): Promise<string> => {
      const method = `muster.session.v1.WorkloadService/${name}`;
      return grpcurl([
        ...using(customer),
        '-d',
        JSON.stringify(request),
        addressOf('session'),
        method,
      ]);
    };
    const started = JSON.parse(
      await rpc('StartWorkload', { noop: { tasks: 3 }, wanted_users: 0 }),
    ) as {
      workload: { workloadId: string; total: number };
    };
    expect(started.workload.total).to.equal(3);
    const workload = { workload_id: started.workload.workloadId };
    await rpc('StopAndDeleteWorkload', workload);
    expect(await rpc('WatchWorkload', workload)).to.contain('"state": "WORKLOAD_STATE_STOPPED"');
  });

  it('is refused by name, with details that it can read', async () => {
    const session = addressOf('session');
    const rpc = 'muster.session.v1.WorkloadService/ListWorkloads';
    expect(await refusalOf([session, 'list'])).to.contain('code = Unauthenticated');
    expect(await refusalOf([...reflecting(customer), session, rpc])).to.contain(
      'Code: Unauthenticated',
    );
    const denied = await refusalOf([
      ...using(customer),
      addressOf('user'),
      'muster.user.v1.UserService/ListUsers',
    ]);
    expect(denied).to.contain('Code: PermissionDenied');
    const getWorkload = 'muster.session.v1.WorkloadService/GetWorkload';
    const unknown = await refusalOf([
      ...using(customer),
      '-d',
      '{"workload_id": "w-none"}',
      session,
      getWorkload,
    ]);
    expect(unknown).to.contain('Code: NotFound').and.contain('"reason": "WORKLOAD_NOT_FOUND"');
    const health = await grpcurl([...reflecting(customer), session, 'grpc.health.v1.Health/Check']);
    expect(JSON.parse(health)).to.deep.equal({ status: 'SERVING' });
  });
});
