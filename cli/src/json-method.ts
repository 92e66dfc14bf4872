import type { DescMethod, JsonValue } from '@bufbuild/protobuf';
import { loadFileDescriptorSetFromBuffer } from '@grpc/proto-loader';
import { descriptorImage } from '#libs/contracts/image.ts';
import type { MethodDefinition } from '#libs/grpc/index.ts';
import { decodeJson, encodeJson } from './descriptors.ts';

/** An rpc that takes and gives proto3 JSON. */
type JsonMethod<RequestStream extends boolean, ResponseStream extends boolean> = MethodDefinition<
  JsonValue,
  JsonValue
> & {
  readonly requestStream: RequestStream;
  readonly responseStream: ResponseStream;
  readonly requestDeserialize: (bytes: Buffer) => JsonValue;
  readonly responseDeserialize: (bytes: Buffer) => JsonValue;
};

/**
 * Makes an rpc callable that no code was generated for. The definition comes from the descriptor image; its
 * serialisers are replaced, because those of proto-loader make no proto3 JSON of timestamps, enums and bytes.
 */
export const jsonMethod = <RequestStream extends boolean, ResponseStream extends boolean>(
  { name, parent, input, output }: DescMethod,
  requestStream: RequestStream,
  responseStream: ResponseStream,
): JsonMethod<RequestStream, ResponseStream> => {
  const service = loadFileDescriptorSetFromBuffer(Buffer.from(descriptorImage()))[parent.typeName];
  const definition = service && (Reflect.get(service, name) as { path: string } | undefined);
  if (definition === undefined) {
    throw new TypeError(`${parent.typeName}/${name} is not in the image`);
  }
  return {
    path: definition.path,
    requestStream,
    responseStream,
    requestSerialize: (json) => Buffer.from(encodeJson(input, json)),
    requestDeserialize: (bytes) => decodeJson(input, bytes),
    responseSerialize: (json) => Buffer.from(encodeJson(output, json)),
    responseDeserialize: (bytes) => decodeJson(output, bytes),
  };
};
