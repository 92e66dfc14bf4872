import type { Random } from '#libs/random/index.ts';

/** ParaView keeps the id in a signed integer of 32 bits, and 0 stands for none. */
const MAX_ID = 2 ** 31 - 1;

/** A secret for one server: all ids are equally likely. */
export const newConnectId = (random: Pick<Random, 'bytes'>): number => {
  for (;;) {
    const id = Buffer.from(random.bytes(4)).readUInt32BE() & MAX_ID;
    if (id !== 0) {
      return id;
    }
  }
};

/**
 * Where clients connect. ParaView 5.11 takes no notice of what is behind the port: `paraview --server-url=…` also needs
 * `--connect-id`, or asks for it.
 */
export const connectionStringOf = (
  host: string,
  port: number,
  connectId: number | undefined,
): string => `cs://${host}:${port}${connectId === undefined ? '' : `?connect-id=${connectId}`}`;
