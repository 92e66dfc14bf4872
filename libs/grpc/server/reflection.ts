import { v1, v1alpha } from '#libs/contracts/reflection.ts';
import { status } from '#libs/errors/index.ts';
import { implement, type ServiceBinding } from './binding.ts';
import { indexDescriptors } from './descriptor-index.ts';

type Request = v1.ServerReflectionRequest;
type Response = v1.ServerReflectionResponse;
type Answer = NonNullable<Response['messageResponse']>;

/**
 * grpc.reflection v1 and v1alpha, for grpcurl and its like.
 *
 * @param image bytes of a FileDescriptorSet; any file and symbol in it is answered
 * @param services names of the services that are listed
 */
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
