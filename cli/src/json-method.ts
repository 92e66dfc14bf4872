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
  method: DescMethod,
  requestStream: RequestStream,
  responseStream: ResponseStream,
): JsonMethod<RequestStream, ResponseStream> => {
  const service = loadFileDescriptorSetFromBuffer(Buffer.from(descriptorImage()))[
    method.parent.typeName
  ];
  const definition: unknown = Object.entries(service ?? {}).find(
    ([name]) => name === method.name,
  )?.[1];
  if (!isDefinition(definition)) {
    throw new TypeError(`${method.parent.typeName}/${method.name} is not in the image`);
  }
  return {
    path: definition.path,
    requestStream,
    responseStream,
    requestSerialize: (json) => Buffer.from(encodeJson(method.input, json)),
    requestDeserialize: (bytes) => decodeJson(method.input, bytes),
    responseSerialize: (json) => Buffer.from(encodeJson(method.output, json)),
    responseDeserialize: (bytes) => decodeJson(method.output, bytes),
  };
};

const isDefinition = (value: unknown): value is { path: string } =>
  typeof value === 'object' && value !== null && 'path' in value && typeof value.path === 'string';
