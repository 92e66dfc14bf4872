import { createFileRegistry, type DescFile, fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { v1, v1alpha } from '#libs/contracts/reflection.ts';
import { status } from '#libs/errors/index.ts';
import { implement, type ServiceBinding } from './binding.ts';

type Request = v1.ServerReflectionRequest;
type Response = v1.ServerReflectionResponse;
type Answer = NonNullable<Response['messageResponse']>;

/** grpc.reflection v1 and v1alpha over all files of the image, a FileDescriptorSet; `services` are those that are listed. */
export const createReflection = (
  image: Uint8Array,
  services: readonly string[],
): ServiceBinding[] => {
  const index = indexDescriptors(image);
  const answer = (asked: Request['messageRequest']): Answer => {
    switch (asked?.$case) {
      case 'listServices':
        return {
          $case: 'listServicesResponse',
          value: { service: services.map((name) => ({ name })) },
        };
      case 'fileByFilename':
        return files(index.fileNamed(asked.value), `file ${asked.value}`);
      case 'fileContainingSymbol':
        return files(index.fileOfSymbol(asked.value), `symbol ${asked.value}`);
      case 'fileContainingExtension': {
        const { containingType, extensionNumber } = asked.value;
        const found = index.fileOfExtension(containingType, extensionNumber);
        return files(found, `extension ${extensionNumber} of ${containingType}`);
      }
      case 'allExtensionNumbersOfType': {
        const extensionNumber = index.extensionNumbers(asked.value);
        return extensionNumber === undefined
          ? notFound(`message ${asked.value}`)
          : {
              $case: 'allExtensionNumbersResponse',
              value: { baseTypeName: asked.value, extensionNumber },
            };
      }
      case undefined:
      default:
        return failure(status.INVALID_ARGUMENT, 'the request asks for nothing');
    }
  };

  async function* serverReflectionInfo(
    requests: AsyncIterable<Request>,
  ): AsyncGenerator<Response, void> {
    for await (const request of requests) {
      yield {
        validHost: request.host,
        originalRequest: request,
        messageResponse: answer(request.messageRequest),
      };
    }
  }
  return [
    implement(v1.ServerReflectionService, { serverReflectionInfo }),
    implement(v1alpha.ServerReflectionService, { serverReflectionInfo }),
  ];
};

const failure = (errorCode: status, errorMessage: string): Answer => ({
  $case: 'errorResponse',
  value: { errorCode, errorMessage },
});

const notFound = (what: string): Answer =>
  failure(status.NOT_FOUND, `this server knows no ${what}`);

const files = (found: Uint8Array[] | undefined, what: string): Answer =>
  found === undefined
    ? notFound(what)
    : {
        $case: 'fileDescriptorResponse',
        value: { fileDescriptorProto: found.map((file) => Buffer.from(file)) },
      };

/** Finds serialised FileDescriptorProtos, the wanted one first. Keeps comments and custom options, because people read the manual through reflection. `image` holds every file it refers to. */
export const indexDescriptors = (image: Uint8Array) => {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
  return {
    fileNamed: (name: string) => withImports(registry.getFile(name)),
    /** By the full name of a message, enum, extension, service or method. */
    fileOfSymbol: (symbol: string) => {
      const parent = registry.getService(symbol.slice(0, Math.max(0, symbol.lastIndexOf('.'))));
      const isMethod =
        parent?.methods.some(({ name }) => `${parent.typeName}.${name}` === symbol) ?? false;
      return withImports(isMethod ? parent?.file : registry.get(symbol)?.file);
    },
    fileOfExtension: (containingType: string, number: number) => {
      const message = registry.getMessage(containingType);
      return withImports(message && registry.getExtensionFor(message, number)?.file);
    },
    /** In ascending order; undefined when there is no such message. */
    extensionNumbers: (containingType: string): number[] | undefined =>
      registry.getMessage(containingType) &&
      [...registry]
        .flatMap((type) =>
          type.kind === 'extension' && type.extendee.typeName === containingType
            ? [type.number]
            : [],
        )
        .sort((a, b) => a - b),
  };
};

/** The file and everything that it imports, each once. */
const collectImports = (file: DescFile, seen = new Set<DescFile>()): Set<DescFile> => {
  if (!seen.has(file)) {
    seen.add(file);
    for (const dependency of file.dependencies) {
      collectImports(dependency, seen);
    }
  }
  return seen;
};

const withImports = (file: DescFile | undefined): Uint8Array[] | undefined =>
  file && [...collectImports(file)].map(({ proto }) => toBinary(FileDescriptorProtoSchema, proto));
