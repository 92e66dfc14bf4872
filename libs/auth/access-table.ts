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
import { isRole, roles, type Role } from './caller.ts';

export interface MethodAccess {
  roles: ReadonlySet<Role>;
  /** Also open to callers without a token. */
  isPublic: boolean;
}

/** Who may call an rpc, by its path (`/muster.blob.v1.BlobService/Upload`). An rpc that is not listed is refused. */
export type AccessTable = ReadonlyMap<string, MethodAccess>;

const ACCESS_OPTION = 'muster.common.v1.access';

/** Services of others, which carry no option of ours. */
const FOREIGN_SERVICES: ReadonlyMap<string, MethodAccess> = new Map([
  ['grpc.health.v1.Health', { roles: new Set(roles), isPublic: true }],
  ['grpc.reflection.v1.ServerReflection', { roles: new Set(roles), isPublic: false }],
  ['grpc.reflection.v1alpha.ServerReflection', { roles: new Set(roles), isPublic: false }],
]);

/**
 * Reads the `(muster.common.v1.access)` option of every rpc of a `google.protobuf.FileDescriptorSet` (imports included).
 * Throws TypeError when that does not declare the option at all.
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
  const named = access.roles.map((role) => role.slice('ROLE_'.length).toLowerCase()).filter(isRole);
  if (named.length === 0 && !access.isPublic) {
    return undefined;
  }
  return { roles: new Set(named), isPublic: access.isPublic };
};
