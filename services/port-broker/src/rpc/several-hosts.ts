import { isDomainError, status, unavailable } from '#libs/errors/index.ts';
import type { CallContext, ServerStream, Unary } from '#libs/grpc/index.ts';
import { pageToken, parsePage } from '#libs/pages/index.ts';
import type { Duration } from '#libs/contracts/rpc.ts';
import type { Context } from '../context.ts';
import { hostUnknown, isForwarded, type UnaryMethod } from '../hosts/forward.ts';
import type { Peer } from '../hosts/hosts.ts';
import { inOrder, isForOthers } from '../hosts/placing.ts';

/** Asks the broker of a host. */
type Ask<Q, R> = (host: string, request: Q) => Promise<R>;

/**
 * Lets a handler of this host answer for all: `run` decides whom to ask. What another broker passed on is answered here, whatever it is
 * about, and everything is where no other host is known.
 */
const spread =
  <Q, R>(
    ctx: Context,
    method: UnaryMethod<Q, R>,
    handler: Unary<Q, R>,
    run: (ask: Ask<Q, R>, request: Q, call: CallContext) => Promise<R>,
  ): Unary<Q, R> =>
  async (request, call) => {
    if (isForwarded(call)) return handler(request, call);
    const ask: Ask<Q, R> = async (host, what) =>
      host === ctx.hosts.own ? handler(what, call) : ctx.forward.ask(peerNamed(ctx, host), method, what, call);
    return run(ask, request, call);
  };

/** For an rpc about one thing that there is already: its id says which host has it. */
export const ofId = <Q, R>(
  ctx: Context,
  method: UnaryMethod<Q, R>,
  handler: Unary<Q, R>,
  idOf: (request: Q) => string,
): Unary<Q, R> =>
  spread(ctx, method, handler, async (ask, request) => {
    const { hosts } = ctx;
    const id = idOf(request);
    // Mostly one; hosts can have the same tag, though.
    const others = hosts.isOwnId(id) ? [] : hosts.ofId(id);
    for (const { host } of others) {
      const answer = await ask(host, request).catch(ifNotFound);
      if (answer !== undefined) return answer;
    }
    return ask(hosts.own, request);
  });

/** For an rpc about one host: the named one, or the one that is asked. */
export const ofHost = <Q extends { host: string }, R>(
  ctx: Context,
  method: UnaryMethod<Q, R>,
  handler: Unary<Q, R>,
): Unary<Q, R> =>
  spread(ctx, method, handler, (ask, request) =>
    ask(request.host === '' ? ctx.hosts.own : nameOf(ctx, request.host), request),
  );

/** The same for a stream of answers. */
export const streamOfHost =
  <Q extends { host: string }, R>(
    ctx: Context,
    method: UnaryMethod<Q, R>,
    handler: ServerStream<Q, R>,
  ): ServerStream<Q, R> =>
  (request, call) =>
    isForwarded(call) || request.host === '' || request.host === ctx.hosts.own
      ? handler(request, call)
      : ctx.forward.stream(peerNamed(ctx, request.host), method, request, call);

interface Everywhere {
  unreachableHosts: string[];
}

/** For an rpc that answers all there is of a kind, on the named host or on all. `join` makes one answer of two. */
export const ofAllHosts = <Q extends { host: string }, R extends Everywhere>(
  ctx: Context,
  method: UnaryMethod<Q, R>,
  handler: Unary<Q, R>,
  join: (one: R, other: R) => R,
): Unary<Q, R> =>
  spread(ctx, method, handler, async (ask, request) => {
    if (request.host !== '') return ask(nameOf(ctx, request.host), request);
    const names = [ctx.hosts.own, ...ctx.hosts.peers().map(({ host }) => host)];
    const asked = await Promise.allSettled(names.map((host) => ask(host, request)));
    const answers = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const silent: string[] = [];
    for (const [i, one] of asked.entries()) {
      if (one.status === 'fulfilled') continue;
      // What one host does not have another may.
      if (isNotFound(one.reason) && answers.length > 0) continue;
      ifSilent(one.reason, i === 0);
      silent.push(names[i] ?? '');
    }
    const [first, ...rest] = answers;
    if (first === undefined) throw unavailable('port-broker', 'no broker answers');
    return withSilent(rest.reduce(join, first), silent);
  });

interface PageAsk {
  host: string;
  pageSize: number;
  pageToken: string;
}

interface PageAnswer extends Everywhere {
  nextPageToken: string;
}

const HOSTS = 'hosts';

/** For a list in pages: the named host's, or one host's after the other's. `field`: the list; `join` makes one page of two. */
export const pagesOfHosts = <K extends string, Q extends PageAsk, R extends PageAnswer & Record<K, readonly unknown[]>>(
  ctx: Context,
  method: UnaryMethod<Q, R>,
  handler: Unary<Q, R>,
  field: K,
  join: (one: R, other: R) => R,
): Unary<Q, R> =>
  spread(ctx, method, handler, async (ask, request) => {
    const { own } = ctx.hosts;
    if (request.host !== '') return ask(nameOf(ctx, request.host), request);
    const peers = ctx.hosts.peers().map(({ host }) => host);
    if (peers.length === 0 && !isOfHosts(request.pageToken)) return ask(own, request);
    const { size, after } = parsePage(request, HOSTS, 2);
    const [begin = own, token = ''] = after ?? [];
    // One that vanished since the page before is told of, and those behind it come next.
    const names = [begin, ...peers.filter((host) => begin === own || host > begin)];
    const none = async (): Promise<R> => ({
      ...(await ask(own, { ...request, pageSize: 1, pageToken: '' })),
      [field]: [],
      nextPageToken: '',
    });
    let all: R | undefined;
    for (const [i, host] of names.entries()) {
      const what = { ...request, pageSize: size - (all?.[field].length ?? 0), pageToken: host === begin ? token : '' };
      const page = await ask(host, what).catch((thrown: unknown) => ifSilent(thrown, host === own));
      if (page === undefined) all = withSilent(all ?? (await none()), [host]);
      else all = all === undefined ? page : join(all, page);
      const inner = page?.nextPageToken ?? '';
      const following = names[i + 1];
      if (inner !== '') return { ...all, nextPageToken: pageToken(HOSTS, [host, inner]) };
      if (all[field].length >= size && following !== undefined) {
        return { ...all, nextPageToken: pageToken(HOSTS, [following, '']) };
      }
    }
    return { ...(all ?? (await none())), nextPageToken: '' };
  });

/** What is to be placed on some host. */
interface PlaceAsk {
  host: string;
  wait: Duration | undefined;
}

/** For an rpc that begins something: on the named host, or wherever it fits. */
export const placed = <Q extends PlaceAsk, R>(
  ctx: Context,
  method: UnaryMethod<Q, R>,
  handler: Unary<Q, R>,
  /** The pool that it takes a port of, and what there is to be once in the whole mesh; an empty key: nothing. */
  about: (request: Q, call: CallContext) => { pool: string; key: string },
): Unary<Q, R> =>
  spread(ctx, method, handler, async (ask, request, call) => {
    const { hosts, desk } = ctx;
    const peers = hosts.isCurrent() ? hosts.peers() : [];
    const { pool, key } = about(request, call);
    if (request.host !== '') {
      const named = nameOf(ctx, request.host);
      // Whoever names a host means it, wherever it was before.
      const had = key === '' || peers.length === 0 ? named : await hosts.places.claim(key, named).catch(ifAway);
      if (had !== undefined && had !== named) await hosts.places.move(key, had, named).catch(ifAway);
      return ask(named, request);
    }
    // Alone, or as good as that: who may have what is not known now, but this host's ports work.
    if (peers.length === 0) return ask(hosts.own, request);
    const own = { host: hosts.own, free: desk.book().pools.get(pool)?.free.size };
    const candidates = [own, ...peers.map(({ host, free }) => ({ host, free: free.get(pool) }))];
    const [best = hosts.own] = inOrder(candidates, hosts.own, undefined);
    let has = key === '' ? best : await hosts.places.claim(key, best).catch(ifAway);
    if (has === undefined) return ask(hosts.own, request);
    const order = inOrder(candidates, hosts.own, has);
    const impatient = { ...request, wait: undefined };
    let refusal: unknown;
    for (const host of order) {
      try {
        if (key !== '' && host !== has) has = await hosts.places.move(key, has, host);
        return await ask(host, impatient);
      } catch (thrown) {
        if (!isForOthers(thrown)) throw thrown;
        if (refusal === undefined || host === hosts.own) refusal = thrown;
      }
    }
    if (request.wait === undefined) throw refusal;
    const [first = hosts.own] = order;
    if (key !== '' && has !== first) await hosts.places.move(key, has, first);
    return ask(first, request);
  });

/** For an rpc about what there is to be once, by what that is called. */
export const ofKey = <Q, R>(
  ctx: Context,
  method: UnaryMethod<Q, R>,
  handler: Unary<Q, R>,
  keyOf: (request: Q) => string,
): Unary<Q, R> =>
  spread(ctx, method, handler, async (ask, request) => {
    const { hosts } = ctx;
    const host = hosts.isCurrent() ? await hosts.places.find(keyOf(request)).catch(ifAway) : undefined;
    return ask(host === undefined || hosts.find(host) === undefined ? hosts.own : host, request);
  });

/** Throws HOST_UNKNOWN. */
const peerNamed = ({ hosts }: Context, host: string): Peer => {
  const found = hosts.find(host);
  if (found === undefined) throw hostUnknown(host, [hosts.own, ...hosts.peers().map((peer) => peer.host)]);
  return found;
};

const nameOf = (ctx: Context, host: string): string => (host === ctx.hosts.own ? host : peerNamed(ctx, host).host);

/** MongoDB is away: what others have is not known, and this host's ports work all the same. */
const ifAway = (thrown: unknown): undefined => {
  if (isDomainError(thrown) && thrown.code === status.UNAVAILABLE) return undefined;
  throw thrown;
};

const isNotFound = (thrown: unknown): boolean => isDomainError(thrown) && thrown.code === status.NOT_FOUND;

const ifNotFound = (thrown: unknown): undefined => {
  if (isNotFound(thrown)) return undefined;
  throw thrown;
};

/** A peer that does not answer is told of; anything else is what the caller gets. */
const ifSilent = (thrown: unknown, isOwn: boolean): undefined => {
  const isSilent =
    isDomainError(thrown) && (thrown.code === status.UNAVAILABLE || thrown.code === status.DEADLINE_EXCEEDED);
  if (isSilent && !isOwn) return undefined;
  throw thrown;
};

const withSilent = <R extends Everywhere>(answer: R, hosts: readonly string[]): R => ({
  ...answer,
  unreachableHosts: [...answer.unreachableHosts, ...hosts],
});

const isOfHosts = (token: string): boolean => {
  try {
    return (JSON.parse(Buffer.from(token, 'base64url').toString()) as unknown[])[0] === HOSTS;
  } catch {
    return false;
  }
};
