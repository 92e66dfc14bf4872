import type { Pool } from './domain/pool.ts';

const MINUTE_MS = 60_000;
const SHORTEST_TTL_MS = 1_000;
const MAX_TTL_MS = 24 * 60 * MINUTE_MS;
const DEFAULT_TTL_MS = 10 * MINUTE_MS;

const NAME = /^[a-z][a-z0-9-]{0,31}$/;
const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: MINUTE_MS,
  h: 60 * MINUTE_MS,
};

/**
 * Reads pools from text: `visualization=11111-11116,vnc=6100-6999:max=900:share=90:wanted=100:ttl=30s..12h:default=1h`.
 * Options follow a pool's range. `max` is the most leases at once, and `share` the most of one customer. `wanted` is how many of the lowest ports only callers that
 * name one get. `ttl` is the shortest and the longest time of a lease, and `default` the time for callers that ask for
 * none. Throws SyntaxError that says what is wrong.
 */
export const parsePools = (text: string): Pool[] => text.split(',').map(parsePool);

const parsePool = (text: string): Pool => {
  const [head = '', ...options] = text.trim().split(':');
  const [name = '', range = ''] = head.split('=');
  if (!NAME.test(name)) {
    throw new SyntaxError(`'${name}' is no name of a pool: small letters, digits and -`);
  }
  const [first, last] = parseRange(range);
  const pool = {
    name,
    first,
    last,
    firstAny: first,
    maxLeases: last - first + 1,
    maxPerCustomer: 0,
    minTtlMs: SHORTEST_TTL_MS,
    maxTtlMs: MAX_TTL_MS,
    defaultTtlMs: DEFAULT_TTL_MS,
  };
  for (const option of options) {
    apply(pool, option);
  }
  if (pool.maxPerCustomer === 0) {
    pool.maxPerCustomer = Math.max(1, Math.floor(pool.maxLeases / 2));
  }
  if (pool.defaultTtlMs < pool.minTtlMs || pool.defaultTtlMs > pool.maxTtlMs) {
    throw new SyntaxError(`the default of pool ${name} is outside of its ttl; give default=`);
  }
  return pool;
};

const parseRange = (text: string): [number, number] => {
  const [, from, to] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? [];
  const [first, last] = [Number(from), Number(to)];
  if (from === undefined || first < 1 || last > 65_535 || last < first) {
    throw new SyntaxError(`'${text}' is no range of ports, such as 6100-6999`);
  }
  return [first, last];
};

const apply = (pool: Pool, option: string): void => {
  const [key = '', value = ''] = option.split('=');
  const size = pool.last - pool.first + 1;
  switch (key) {
    case 'max':
      pool.maxLeases = whole(option, value, 1, size);
      return;
    case 'share':
      pool.maxPerCustomer = whole(option, value, 1, size);
      return;
    case 'wanted':
      pool.firstAny = pool.first + whole(option, value, 0, size);
      return;
    case 'ttl': {
      const [min = '', max = ''] = value.split('..');
      pool.minTtlMs = span(option, min);
      pool.maxTtlMs = span(option, max);
      if (pool.maxTtlMs < pool.minTtlMs) {
        throw new SyntaxError(`'${option}' ends before it begins`);
      }
      pool.defaultTtlMs = Math.min(pool.maxTtlMs, Math.max(pool.minTtlMs, pool.defaultTtlMs));
      return;
    }
    case 'default':
      pool.defaultTtlMs = span(option, value);
      return;
    default:
      throw new SyntaxError(`'${option}' is none of max=, share=, wanted=, ttl=, default=`);
  }
};

const whole = (option: string, text: string, min: number, max: number): number => {
  const number = /^\d+$/.test(text) ? Number(text) : NaN;
  if (Number.isNaN(number) || number < min || number > max) {
    throw new SyntaxError(`'${option}' must be ${min} to ${max}`);
  }
  return number;
};

const span = (option: string, text: string): number => {
  const [, amount, unit = ''] = /^(\d+)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = amount === undefined ? NaN : Number(amount) * UNITS[unit]!;
  if (Number.isNaN(ms) || ms < SHORTEST_TTL_MS) {
    throw new SyntaxError(`'${option}' needs times such as 30s or 12h`);
  }
  return ms;
};
