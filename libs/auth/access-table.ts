import {
  createFileRegistry,
  fromBinary,
  getOption,
  isMessage,
  toBinary,
  type DescExtension,
  type DescMethod,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { Access } from '#libs/contracts/gen/muster/common/v1/access.ts';
import { isServiceName, serviceNames, type ServiceName } from '#libs/mesh/index.ts';
import { isRole, roles, type Role } from './caller.ts';

export interface MethodAccess {
  roles: ReadonlySet<Role>;
  /** Which services may call it, if the role `service` may. */
  services: ReadonlySet<ServiceName>;
  /** Also open to callers without a token. */
  isPublic: boolean;
}

/** Who may call an rpc, by its path (`/muster.blob.v1.BlobService/Upload`). An rpc that is not listed is refused. */
export type AccessTable = ReadonlyMap<string, MethodAccess>;

const ACCESS_OPTION = 'muster.common.v1.access';

/** Services of others, which carry no option of ours. */
const EVERYBODY = { roles: new Set(roles), services: new Set(serviceNames) };
const FOREIGN_SERVICES: ReadonlyMap<string, MethodAccess> = new Map([
  ['grpc.health.v1.Health', { ...EVERYBODY, isPublic: true }],
  ['grpc.reflection.v1.ServerReflection', { ...EVERYBODY, isPublic: false }],
  ['grpc.reflection.v1alpha.ServerReflection', { ...EVERYBODY, isPublic: false }],
]);

/**
 * Reads the `(muster.common.v1.access)` option of every rpc of a `google.protobuf.FileDescriptorSet` (imports included).
 * Throws TypeError when that does not declare the option at all, and for an rpc whose services do not go with its roles.
 */
export const accessTable = (image: Uint8Array): AccessTable => {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
  const option = registry.getExtension(ACCESS_OPTION);
  if (option === undefined) {
    throw new TypeError(`the descriptor image does not declare (${ACCESS_OPTION})`);
  }
  const table = new Map<string, MethodAccess>();
  for (const type of registry) {
    if (type.kind !== 'service') {
      continue;
    }
    for (const method of type.methods) {
      const access = FOREIGN_SERVICES.get(type.typeName) ?? readOption(method, option);
      if (access !== undefined) {
        table.set(`/${type.typeName}/${method.name}`, access);
      }
    }
  }
  return table;
};

const readOption = (method: DescMethod, option: DescExtension): MethodAccess | undefined => {
  const value = getOption(method, option);
  if (option.fieldKind !== 'message' || !isMessage(value, option.message)) {
    return undefined;
  }
  const access = Access.decode(toBinary(option.message, value));
  const named = access.roles.map((role) => wordOf(role, 'ROLE_')).filter(isRole);
  if (named.length === 0 && !access.isPublic) {
    return undefined;
  }
  const services = access.services
    .map((service) => wordOf(service, 'SERVICE_'))
    .filter(isServiceName);
  if (named.includes('service') !== services.length > 0) {
    throw new TypeError(`${method.name} names services if it is for services, and else none`);
  }
  return { roles: new Set(named), services: new Set(services), isPublic: access.isPublic };
};

/** `SERVICE_PORT_BROKER` → `port-broker`. */
const wordOf = (value: string, prefix: string): string =>
  value.slice(prefix.length).toLowerCase().replaceAll('_', '-');
