/**
 * A rule for oxlint: each regular expression takes time in proportion to its text, wherever a match begins. Texts come from
 * strangers, and one of 120 KB holds a process for seconds if a pattern tries again from each of its characters.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { checkSync } from 'recheck';

/** Its programs in other languages say the same sooner, but need Java or a binary for the machine. */
process.env['RECHECK_BACKEND'] = 'pure';

const TIMEOUT_MS = 60_000;
/** Patterns that were shown to be linear. Some take seconds, so the list is kept beside the rule and grows with the code. */
const PROVEN = new URL('linear-patterns.json', import.meta.url);

/** What repeats without a bound. All else is linear, because patterns are short. */
const REPEATS = /[*+]|\{\d+,\}/;

/** A text on which the pattern is slow, or undefined. */
const attackOn = (pattern: string, flags: string): string | undefined => {
  const verdict = checkSync(pattern, flags, { timeout: TIMEOUT_MS });
  if (verdict.status === 'safe') {
    return undefined;
  }
  return verdict.status === 'vulnerable' ? verdict.attack.pattern : 'nothing shows that it is';
};

const proven = new Set<string>(JSON.parse(readFileSync(PROVEN, 'utf8')));

/** What is said against a pattern that is not on the list; adds it if there is nothing. */
const examined = (pattern: string, flags: string): string | undefined => {
  const key = `/${pattern}/${flags}`;
  if (!REPEATS.test(pattern) || proven.has(key)) {
    return undefined;
  }
  const attack = attackOn(pattern, flags);
  if (attack === undefined) {
    proven.add(key);
    writeFileSync(PROVEN, `${JSON.stringify([...proven].sort(), undefined, 2)}\n`);
  }
  return attack;
};

interface LiteralNode {
  regex?: { pattern: string; flags: string };
}

interface RuleContext {
  report: (problem: { node: LiteralNode; message: string }) => void;
}

const linear = {
  create: (context: RuleContext) => ({
    Literal: (node: LiteralNode) => {
      const attack = node.regex && examined(node.regex.pattern, node.regex.flags);
      if (attack !== undefined) {
        const message = `this pattern is not linear: ${attack}; bound what repeats, or use a loop`;
        context.report({ node, message });
      }
    },
  }),
};

export default { meta: { name: 'patterns' }, rules: { linear } };
