/** What one user made of a task. */
export interface Ballot {
  user: string;
  /** Whose machine it is. Machines of one owner may have agreed on a lie. */
  owner: string;
  attempt: string;
  /** The attempts before, whose pictures are the same. */
  alike: readonly string[];
}

/** What several users' results of one task show. */
export type Judgement =
  /** One more user has to make it, of an owner that has not voted. */
  | { kind: 'open' }
  /** Two owners made the same. Who made something else lied, or has a broken machine. */
  | { kind: 'agreed'; right: readonly string[]; wrong: readonly string[] }
  /** Nobody made the same as another. That says something of the task, and nothing of its users. */
  | { kind: 'undecided' };

/** So many different results say that the task comes out differently each time. */
export const MAX_VOTES = 5;

/** Judges the votes of a task, oldest first. One user alone can never put another in the wrong. */
export const judge = (votes: readonly Ballot[]): Judgement => {
  for (const [place, last] of votes.entries()) {
    const like = votes
      .slice(0, place)
      .filter(({ attempt, owner }) => last.alike.includes(attempt) && owner !== last.owner);
    if (like.length > 0) {
      const right = [...like, last].map(({ user }) => user);
      const wrong = votes.map(({ user }) => user).filter((user) => !right.includes(user));
      return { kind: 'agreed', right, wrong };
    }
  }
  return votes.length < MAX_VOTES ? { kind: 'open' } : { kind: 'undecided' };
};
