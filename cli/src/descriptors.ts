import {
  createFileRegistry,
  fromBinary,
  fromJson,
  toBinary,
  toJson,
  type DescMessage,
  type DescMethod,
  type FileRegistry,
  type JsonObject,
  type JsonValue,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { descriptorImage } from '#libs/contracts/image.ts';
import { DomainError, status } from '#libs/errors/index.ts';
import { textOf, usage } from './failures.ts';

let registry: FileRegistry | undefined;

const allTypes = (): FileRegistry =>
  (registry ??= createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorImage())));

/**
 * Finds an rpc by `muster.session.v1.WorkloadService/GetWorkload`, or by the service's short name where only one has it;
 * also with a leading `/` or a `.` before the method. Throws INVALID_ARGUMENT `USAGE`, naming what there is.
 */
export const findMethod = (name: string): DescMethod => {
  const match = /^\/?([\w.]+)[/.](\w+)$/.exec(name);
  if (match === null) {
    throw usage(`'${name}' is not SERVICE/METHOD, as in WorkloadService/GetWorkload`);
  }
  const [, serviceName = '', methodName = ''] = match;
  const services = [...allTypes()].filter((type) => type.kind === 'service');
  const found = services.filter(
    ({ typeName }) => typeName === serviceName || typeName.endsWith(`.${serviceName}`),
  );
  const [service] = found;
  if (service === undefined) {
    const known = services.map(({ typeName }) => typeName).sort();
    throw usage(`no service is called ${serviceName}; there are ${known.join(', ')}`);
  }
  if (found.length > 1) {
    throw usage(
      `${serviceName} could be ${found.map(({ typeName }) => typeName).join(' or ')}; write it in full`,
    );
  }
  const method = service.methods.find((candidate) => candidate.name === methodName);
  if (method !== undefined) {
    return method;
  }
  throw usage(
    `${service.typeName} has no ${methodName}; it has ${service.methods.map((known) => known.name).join(', ')}`,
  );
};

/** The wire bytes of a message given as proto3 JSON. Throws INVALID_ARGUMENT `REQUEST_MALFORMED` with the field's name. */
export const encodeJson = (type: DescMessage, json: JsonValue): Uint8Array => {
  try {
    return toBinary(type, fromJson(type, json, { registry: allTypes() }));
  } catch (error) {
    throw new DomainError(
      status.INVALID_ARGUMENT,
      'REQUEST_MALFORMED',
      `not a ${type.typeName}: ${textOf(error)}`,
      {},
      { cause: error },
    );
  }
};

/**
 * A message as proto3 JSON: lowerCamelCase, 64-bit integers as strings, bytes as base64, enums by name. Fields that hold
 * their default are written too, because scripts expect every count to be there.
 */
export const decodeJson = (type: DescMessage, bytes: Uint8Array): JsonValue =>
  toJson(type, fromBinary(type, bytes), { registry: allTypes(), alwaysEmitImplicit: true });

export interface GeneratedMethod<Response> {
  readonly path: string;
  readonly responseSerialize: (value: Response) => Buffer;
}

/** The proto3 JSON of a typed answer; see {@link decodeJson}. */
export const responseJson = <Response>(
  method: GeneratedMethod<Response>,
  response: Response,
): JsonValue => decodeJson(findMethod(method.path).output, method.responseSerialize(response));

/** The array under `field` of a list's answer as proto3 JSON. */
export const listJson = <Response>(
  method: GeneratedMethod<Response>,
  response: Response,
  field: string,
): JsonValue[] => {
  const { [field]: list } = responseJson(method, response) as JsonObject;
  return Array.isArray(list) ? list : [];
};
