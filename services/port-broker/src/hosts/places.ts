/** Which host has what exists once in the whole mesh. */
export interface Places {
  /** Claims a key for a host. Resolves to the host that has it: `host`, unless another one was first. */
  claim(key: string, host: string): Promise<string>;
  /** Moves a key from one host to another. Resolves to the host that has it then: another broker may have moved it meanwhile. */
  move(key: string, from: string, to: string): Promise<string>;
  /** The host that has it; undefined: nobody. */
  find(key: string): Promise<string | undefined>;
}

/** Used with one host, or while MongoDB is away: the host that asks has everything. */
export const nowhere: Places = {
  claim: (_key, host) => Promise.resolve(host),
  move: (_key, _from, to) => Promise.resolve(to),
  find: () => Promise.resolve(undefined),
};
