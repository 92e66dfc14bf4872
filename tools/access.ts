/** Fails if an rpc of Muster has no `(muster.common.v1.access)` option, which says who may call it. */
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { accessTable } from '../libs/auth/index.ts';
import { descriptorImage } from '../libs/contracts/image.ts';

const image = descriptorImage();
const table = accessTable(image);
const paths = fromBinary(FileDescriptorSetSchema, image)
  .file.filter((file) => file.package.startsWith('muster.'))
  .flatMap((file) =>
    file.service.flatMap(({ name, method }) =>
      method.map((rpc) => `/${file.package}.${name}/${rpc.name}`),
    ),
  );
const open = paths.filter((path) => !table.has(path));
for (const path of open) {
  console.error(`${path}: says in no access option who may call it`);
}
console.log(`access: ${paths.length - open.length} of ${paths.length} rpcs say who may call them`);
process.exit(open.length === 0 ? 0 : 1);
