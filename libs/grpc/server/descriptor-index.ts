import { createFileRegistry, type DescFile, fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

/** Finds proto files by their content. It gives each as a serialised FileDescriptorProto, the wanted file first. */
export interface DescriptorIndex {
  fileNamed(name: string): Uint8Array[] | undefined;
  /** By the full name of a message, enum, extension, service or method. */
  fileOfSymbol(symbol: string): Uint8Array[] | undefined;
  fileOfExtension(containingType: string, number: number): Uint8Array[] | undefined;
  /** In ascending order; undefined when there is no such message. */
  extensionNumbers(containingType: string): number[] | undefined;
}

/**
 * Reads a descriptor image: the bytes of a google.protobuf.FileDescriptorSet that holds every file it refers to.
 * It keeps comments and custom options, because people read the manual through reflection.
 */
export const indexDescriptors = (image: Uint8Array): DescriptorIndex => {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
  return {
    fileNamed: (name) => withImports(registry.getFile(name)),
    fileOfSymbol: (symbol) => {
      const parent = registry.getService(symbol.slice(0, Math.max(0, symbol.lastIndexOf('.'))));
      const isMethod =
        parent?.methods.some(({ name }) => `${parent.typeName}.${name}` === symbol) ?? false;
      return withImports(isMethod ? parent?.file : registry.get(symbol)?.file);
    },
    fileOfExtension: (containingType, number) => {
      const message = registry.getMessage(containingType);
      return withImports(message && registry.getExtensionFor(message, number)?.file);
    },
    extensionNumbers: (containingType) =>
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
