/** Where things are that there are to be once in the whole mesh. */
export interface Places {
  /** The host that has it, or that comes to have it: `host`, unless somebody was first. */
  claim(key: string, host: string): Promise<string>;
  /** It goes from one host to another. Resolves to who has it then: somebody may have moved it meanwhile. */
  move(key: string, from: string, to: string): Promise<string>;
  /** The host that has it; undefined: nobody. */
  find(key: string): Promise<string | undefined>;
}

/** With one host there is nothing to look up; with MongoDB away, nowhere. */
export const nowhere: Places = {
  claim: (_key, host) => Promise.resolve(host),
  move: (_key, _from, to) => Promise.resolve(to),
  find: () => Promise.resolve(undefined),
};
