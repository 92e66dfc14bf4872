/** Chance as an argument, because a test has to repeat it. */
export interface Random {
  /** `<prefix>-` and 16 characters of [a-z0-9]: 82 bits, fit for NATS subjects, paths and Mongo keys. */
  id(prefix: string): string;
  /** Evenly distributed in [0, 1). */
  float(): number;
  /** `n` random bytes. */
  bytes(n: number): Uint8Array;
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const ID_CHARS = 16;
// Larger bytes are thrown away. With them, the first letters of the alphabet would be more frequent.
const FAIR_LIMIT = 256 - (256 % ALPHABET.length);

/** Builds {@link Random.id} from a source of bytes. */
export const idFrom = (bytes: (n: number) => Uint8Array, prefix: string): string => {
  let id = '';
  while (id.length < ID_CHARS) {
    for (const byte of bytes(ID_CHARS + 8)) {
      if (byte < FAIR_LIMIT && id.length < ID_CHARS) {
        id += ALPHABET[byte % ALPHABET.length];
      }
    }
  }
  return `${prefix}-${id}`;
};
