import { createHash } from 'node:crypto';
import type { Random } from '#libs/random/index.ts';

const TAG_CHARS = 4;
/** How many different tags there are. */
const TAGS = 36 ** TAG_CHARS;

/** The tag in all ids of a host, four of [a-z0-9]. It shows any broker which host to ask. */
export const tagOf = (host: string): string => {
  const number = createHash('sha256').update(host).digest().readUInt32BE() % TAGS;
  return number.toString(36).padStart(TAG_CHARS, '0');
};

/** Makes ids that have the host's tag after their prefix. The other twelve characters have 62 bits. */
export const tagged = (random: Random, host: string): Random => {
  const tag = tagOf(host);
  return {
    ...random,
    id: (prefix) => {
      const id = random.id(prefix);
      const at = prefix.length + 1;
      return `${id.slice(0, at)}${tag}${id.slice(at + TAG_CHARS)}`;
    },
  };
};

/** Whether an id may be one of a host's. */
export const isTagged = (id: string, tag: string): boolean =>
  id.slice(id.indexOf('-') + 1).startsWith(tag);
