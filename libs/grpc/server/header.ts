import type { Metadata } from '@grpc/grpc-js';

/** The first value of a header, if there is one and it is text. */
export const header = (metadata: Metadata, name: string): string | undefined => {
  const [value] = metadata.get(name);
  return typeof value === 'string' ? value : undefined;
};

/** The caller's token; undefined if there is none, or nothing that looks like one. */
export const tokenOf = (metadata: Metadata): string | undefined =>
  /^bearer +(\S+)$/i.exec(header(metadata, 'authorization') ?? '')?.[1];
