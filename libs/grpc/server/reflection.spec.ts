import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { before, describe, it } from 'mocha';
import { BlobServiceService } from '#libs/contracts/blob.ts';
import { descriptorImage } from '#libs/contracts/image.ts';
import { v1, v1alpha } from '#libs/contracts/reflection.ts';
import { findProgram } from '#libs/programs/index.ts';
import { needs } from '#libs/testing/index.ts';
import { startEcho } from '../fixtures/echo.ts';
import { createClient } from '../index.ts';
import { indexDescriptors } from './reflection.ts';

type Asked = v1.ServerReflectionRequest['messageRequest'];

const FOREIGN = [
  'grpc.health.v1.Health',
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
];
const ACCESS = 'muster.common.v1.access';
const METHOD_OPTIONS = 'google.protobuf.MethodOptions';

const grpcurl = async (...args: string[]): Promise<string> => {
  const program = await findProgram('grpcurl', process.env['PATH']);
  const { stdout } = await promisify(execFile)(program, [
    '-plaintext',
    '-H',
    'authorization: Bearer customer',
    ...args,
  ]);
  return stdout;
};

const ask = async (
  service: typeof v1.ServerReflectionService | typeof v1alpha.ServerReflectionService,
  ...asked: Asked[]
) => {
  await using echo = await startEcho();
  using client = createClient(service, { target: echo.server.address, token: 'agent' });
  const info = client.serverReflectionInfo();
  for (const messageRequest of asked) {
    await info.send({ host: 'h', messageRequest });
  }
  info.end();
  return (await Array.fromAsync(info.responses)).map(({ messageResponse }) => messageResponse);
};
const filesIn = (answer: Awaited<ReturnType<typeof ask>>[number]): string[] =>
  answer?.$case === 'fileDescriptorResponse'
    ? answer.value.fileDescriptorProto.map((file) => file.toString('latin1'))
    : [];

for (const [version, service] of Object.entries({
  v1: v1.ServerReflectionService,
  v1alpha: v1alpha.ServerReflectionService,
})) {
  describe(`reflection ${version}`, () => {
    it('lists the services of the server, with health and itself', async () => {
      const [answer] = await ask(service, { $case: 'listServices', value: '' });
      const names =
        answer?.$case === 'listServicesResponse'
          ? answer.value.service.map(({ name }) => name)
          : [];
      expect(names).to.deep.equal([...FOREIGN, 'spec.Echo']);
    });

    it('finds files by name, symbol and extension, with all that they import', async () => {
      const answers = await ask(
        service,
        { $case: 'fileByFilename', value: 'muster/common/v1/access.proto' },
        { $case: 'fileContainingSymbol', value: 'muster.common.v1.Role' },
        { $case: 'fileContainingSymbol', value: ACCESS },
        {
          $case: 'fileContainingExtension',
          value: { containingType: METHOD_OPTIONS, extensionNumber: 50_701 },
        },
      );
      for (const answer of answers) {
        const [first, ...others] = filesIn(answer);
        expect(first).to.include('muster/common/v1/access.proto');
        expect(others.join('')).to.include('google/protobuf/descriptor.proto');
      }
    });

    it('finds services and methods, and lists the numbers of extensions', async () => {
      const [byService, byMethod, numbers] = await ask(
        service,
        { $case: 'fileContainingSymbol', value: 'grpc.health.v1.Health' },
        { $case: 'fileContainingSymbol', value: 'grpc.health.v1.Health.Check' },
        { $case: 'allExtensionNumbersOfType', value: METHOD_OPTIONS },
      );
      expect(filesIn(byService)).to.deep.equal(filesIn(byMethod)).and.not.to.deep.equal([]);
      const found =
        numbers?.$case === 'allExtensionNumbersResponse' ? numbers.value.extensionNumber : [];
      expect(found).to.include(50_701);
    });

    it('reports unknown names, and goes on', async () => {
      const answers = await ask(
        service,
        { $case: 'fileByFilename', value: 'none.proto' },
        { $case: 'fileContainingSymbol', value: 'none' },
        { $case: 'fileContainingSymbol', value: '.' },
        { $case: 'fileContainingSymbol', value: 'grpc.health.v1.Health.None' },
        {
          $case: 'fileContainingExtension',
          value: { containingType: METHOD_OPTIONS, extensionNumber: 1 },
        },
        { $case: 'allExtensionNumbersOfType', value: 'none' },
        undefined,
      );
      const codes = answers.map((answer) =>
        answer?.$case === 'errorResponse' ? answer.value.errorCode : undefined,
      );
      expect(codes).to.deep.equal([5, 5, 5, 5, 5, 5, 3]);
    });
  });
}

describe('indexDescriptors', () => {
  it('keeps comments and custom options', () => {
    const [file] =
      indexDescriptors(descriptorImage()).fileOfSymbol('muster.blob.v1.BlobService') ?? [];
    const text = Buffer.from(file ?? []).toString('latin1');
    expect(text).to.include('Errors');
    // Field 50701, length-delimited, as it stands in the options of a method.
    const tag = Buffer.from([0xea, 0xe0, 0x18]).toString('latin1');
    expect(text.split(tag).length - 1).to.equal(Object.keys(BlobServiceService).length);
  });
});

describe('grpcurl', () => {
  before(needs('grpcurl'));

  it('lists, describes with comments, and calls', async () => {
    await using echo = await startEcho();
    const at = `127.0.0.1:${echo.server.port}`;
    expect((await grpcurl(at, 'list')).trim().split('\n')).to.deep.equal([...FOREIGN, 'spec.Echo']);
    expect(await grpcurl(at, 'describe', 'muster.blob.v1.BlobService')).to.match(
      /\/\/ .*[^]*rpc Upload/,
    );
    expect(await grpcurl(at, 'describe', 'muster.common.v1.Access')).to.include(
      'repeated .muster.common.v1.Role roles = 1;',
    );
    expect(JSON.parse(await grpcurl(at, 'grpc.health.v1.Health/Check'))).to.deep.equal({
      status: 'SERVING',
    });
  });

  it('is refused without a valid token', async () => {
    await using echo = await startEcho();
    const program = await findProgram('grpcurl', process.env['PATH']);
    const refused = await promisify(execFile)(program, [
      '-plaintext',
      `127.0.0.1:${echo.server.port}`,
      'list',
    ]).catch((error: unknown) => String(error));
    expect(refused).to.include('authorization: Bearer');
  });
});
