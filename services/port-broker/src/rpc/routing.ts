import { isDomainError, status, unavailable } from '#libs/errors/index.ts';
import {
  implement,
  type BoundMethod,
  type Exchange,
  type Handlers,
  type MethodDefinition,
  type ServiceBinding,
  type ServiceDefinition,
} from '#libs/grpc/index.ts';
import { collectViolations } from '#libs/mesh/index.ts';
import { pageToken, parsePage, readPage } from '#libs/pages/index.ts';
import type { Context } from '../context.ts';
import { hostUnknown, isForwarded } from '../hosts/forward.ts';
import type { Peer } from '../hosts/hosts.ts';
import { inOrder, isForOthers } from '../hosts/placing.ts';
import type { Placement, Route, Routes } from './routes.ts';

/** The fields of requests that routes read. Each request has those that its route needs. */
interface Message {
  host: string;
  wait: unknown;
  pageSize: number;
  pageToken: string;
}

/** The fields that all joined answers have beside their list. */
interface Answer {
  unreachableHosts: string[];
  nextPageToken: string;
}

type AnyRoute = Route<Message, Answer>;

interface Routing {
  ctx: Context;
  request: Message;
  subject: string;
  /**
   * Passes this request (by default the original one) to a host, and the answer to the caller. Rejects with the host's
   * error.
   */
  pass: (host: string, other?: Message) => Promise<void>;
  /** Asks a host and returns its answer. */
  ask: (host: string, request: Message) => Promise<Answer>;
  answer: (message: Answer) => Promise<void>;
}

/**
 * Binds handlers that answer for this host, and routes each call to the host that it is about. Messages pass through as
 * bytes; the broker reads only the answers that it joins. If another broker passed a call on, this host answers it.
 */
export const routed = <S extends ServiceDefinition>(
  ctx: Context,
  definition: S,
  handlers: Handlers<S>,
  routes: Routes<S>,
): ServiceBinding => {
  const binding = implement(definition, handlers);
  const names = new Map(Object.entries(definition).map(([name, { path }]) => [path, name]));
  const methods = binding.methods.map((bound) => {
    const name = names.get(bound.path)!;
    // The types of `Routes` guarantee that each route fits its rpc.
    return routedMethod(ctx, bound, definition[name]!, routes[name] as unknown as AnyRoute);
  });
  return { ...binding, methods };
};

const routedMethod = (
  ctx: Context,
  bound: BoundMethod,
  method: MethodDefinition,
  route: AnyRoute,
): BoundMethod => ({
  ...bound,
  answer: async (exchange, call, check) => {
    if (isForwarded(call)) {
      return bound.answer(exchange, call, check);
    }
    const bytes = await firstOf(exchange.messages);
    const own = (what: Buffer | undefined, send: Exchange['send']): Promise<void> =>
      bound.answer({ messages: replay(what), send }, call, check);
    const request = bytes === undefined ? undefined : decoded(method, bytes);
    // This host's own handler refuses it with the right error.
    if (bytes === undefined || request === undefined) {
      return own(bytes, exchange.send);
    }
    check(request);
    const reach = async (host: string, what: Buffer, send: Exchange['send']): Promise<void> => {
      if (host === ctx.hosts.own) {
        return own(what, send);
      }
      // That host counts it too, and may wait for one that it passed on to this host.
      call.standAside();
      for await (const message of ctx.forward.ask(peerNamed(ctx, host), bound.path, what, call)) {
        await send(message);
      }
    };
    const encode = (message: Message): Buffer => method.requestSerialize(message as never);
    await follow(route, {
      ctx,
      request,
      subject: call.caller?.subject ?? '',
      pass: (host, other) =>
        reach(host, other === undefined ? bytes : encode(other), exchange.send),
      ask: async (host, message) => {
        let answer: Buffer = Buffer.alloc(0);
        await reach(host, encode(message), async (said) => {
          answer = said;
        });
        return method.responseDeserialize(answer) as Answer;
      },
      answer: (message) => exchange.send(method.responseSerialize(message as never)),
    });
  },
});

const follow = (route: AnyRoute, routing: Routing): Promise<void> => {
  const { ctx, request } = routing;
  switch (route.by) {
    case 'id':
      return route.keyOf !== undefined && route.idOf(request) === ''
        ? byKey(routing, route.keyOf(request))
        : byId(routing, route.idOf(request));
    case 'host':
      return routing.pass(request.host === '' ? ctx.hosts.own : nameOf(ctx, request.host));
    case 'everywhere':
      if (request.host !== '') {
        return routing.pass(nameOf(ctx, request.host));
      }
      return 'pageToken' in request ? pages(routing, route) : everywhere(routing, route);
    case 'placed':
      return placed(routing, route.about(request, routing.subject));
    default:
      return route satisfies never;
  }
};

const byId = async ({ ctx: { hosts }, pass }: Routing, id: string): Promise<void> => {
  // Usually one, but two hosts can have the same tag.
  const others = hosts.isOwnId(id) ? [] : hosts.ofId(id);
  for (const { host } of others) {
    try {
      return await pass(host);
    } catch (thrown) {
      if (!isNotFound(thrown)) {
        throw thrown;
      }
    }
  }
  return pass(hosts.own);
};

const byKey = async ({ ctx: { hosts }, pass }: Routing, key: string): Promise<void> => {
  const host = hosts.isCurrent() ? await hosts.places.find(key).catch(ifAway) : undefined;
  return pass(host === undefined || hosts.find(host) === undefined ? hosts.own : host);
};

type Joined = Extract<AnyRoute, { by: 'everywhere' }>;

const everywhere = async (
  { ctx, request, ask, answer }: Routing,
  { join }: Joined,
): Promise<void> => {
  const names = [ctx.hosts.own, ...ctx.hosts.peers().map(({ host }) => host)];
  const asked = await Promise.allSettled(names.map((host) => ask(host, request)));
  const answers = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const silent: string[] = [];
  for (const [i, one] of asked.entries()) {
    // One host may have what another does not.
    if (one.status === 'rejected' && !(isNotFound(one.reason) && answers.length > 0)) {
      ifSilent(one.reason, i === 0);
      silent.push(names[i] ?? '');
    }
  }
  const [first, ...rest] = answers;
  if (first === undefined) {
    throw unavailable('port-broker', 'no broker answers');
  }
  await answer(withSilent(rest.reduce(join, first), silent));
};

/** The question of a list over all hosts, to which its page tokens belong. */
const HOSTS = 'hosts';

/** Pages through the hosts one after the other. */
const pages = async (
  { ctx, request, ask, pass, answer }: Routing,
  { field, join }: Joined,
): Promise<void> => {
  const { own } = ctx.hosts;
  const peers = ctx.hosts.peers().map(({ host }) => host);
  if (peers.length === 0 && !isOfHosts(request.pageToken)) {
    return pass(own);
  }
  const { size, after } = parsePage(request, HOSTS, 2);
  const [begin = own, token = ''] = after ?? [];
  // If a host has vanished since the last page, the answer names it as unreachable and continues with the next host.
  const names = [begin, ...peers.filter((host) => begin === own || host > begin)];
  const lengthOf = (page: Answer | undefined): number =>
    page === undefined ? 0 : (page as unknown as Record<string, readonly unknown[]>)[field]!.length;
  const none = async (): Promise<Answer> => ({
    ...(await ask(own, { ...request, pageSize: 1, pageToken: '' })),
    [field]: [],
    nextPageToken: '',
  });
  let all: Answer | undefined;
  for (const [i, host] of names.entries()) {
    const what = {
      ...request,
      pageSize: size - lengthOf(all),
      pageToken: host === begin ? token : '',
    };
    const page = await ask(host, what).catch((thrown: unknown) => ifSilent(thrown, host === own));
    if (page === undefined) {
      all = withSilent(all ?? (await none()), [host]);
    } else {
      all = all === undefined ? page : join(all, page);
    }
    const inner = page?.nextPageToken ?? '';
    const following = names[i + 1];
    if (inner !== '') {
      return answer({ ...all, nextPageToken: pageToken(HOSTS, [host, inner]) });
    }
    if (lengthOf(all) >= size && following !== undefined) {
      return answer({ ...all, nextPageToken: pageToken(HOSTS, [following, '']) });
    }
  }
  return answer({ ...(all ?? (await none())), nextPageToken: '' });
};

const placed = async ({ ctx, request, pass }: Routing, { pool, key }: Placement): Promise<void> => {
  const { hosts, leaseManager } = ctx;
  const peers = hosts.isCurrent() ? hosts.peers() : [];
  if (request.host !== '') {
    const named = nameOf(ctx, request.host);
    // The named host gets it, even if another one had it before.
    const had =
      key === '' || peers.length === 0 ? named : await hosts.places.claim(key, named).catch(ifAway);
    if (had !== undefined && had !== named) {
      await hosts.places.move(key, had, named).catch(ifAway);
    }
    return pass(named);
  }
  // This host is alone, or MongoDB is away and nobody knows what other hosts have.
  if (peers.length === 0) {
    return pass(hosts.own);
  }
  const own = { host: hosts.own, free: leaseManager.table().pools.get(pool)?.free.size };
  const candidates = [own, ...peers.map(({ host, free }) => ({ host, free: free.get(pool) }))];
  const [best = hosts.own] = inOrder(candidates, hosts.own, undefined);
  let has = key === '' ? best : await hosts.places.claim(key, best).catch(ifAway);
  if (has === undefined) {
    return pass(hosts.own);
  }
  const order = inOrder(candidates, hosts.own, has);
  const impatient = { ...request, wait: undefined };
  let refusal: unknown;
  for (const host of order) {
    try {
      if (key !== '' && host !== has) {
        has = await hosts.places.move(key, has, host);
      }
      return await pass(host, impatient);
    } catch (thrown) {
      if (!isForOthers(thrown)) {
        throw thrown;
      }
      if (refusal === undefined || host === hosts.own) {
        refusal = thrown;
      }
    }
  }
  if (request.wait === undefined) {
    throw refusal;
  }
  const [first = hosts.own] = order;
  if (key !== '' && has !== first) {
    await hosts.places.move(key, has, first);
  }
  return pass(first);
};

const peerNamed = ({ hosts }: Context, host: string): Peer => {
  const found = hosts.find(host);
  if (found === undefined) {
    throw hostUnknown(host, [hosts.own, ...hosts.peers().map((peer) => peer.host)]);
  }
  return found;
};

const nameOf = (ctx: Context, host: string): string =>
  host === ctx.hosts.own ? host : peerNamed(ctx, host).host;

/** While MongoDB is away nobody knows what other hosts have, but this host's ports work. */
const ifAway = (thrown: unknown): undefined => {
  if (isDomainError(thrown) && thrown.code === status.UNAVAILABLE) {
    return undefined;
  }
  throw thrown;
};

const isNotFound = (thrown: unknown): boolean =>
  isDomainError(thrown) && thrown.code === status.NOT_FOUND;

/** Names a peer that does not answer in the answer. Any other error goes to the caller. */
const ifSilent = (thrown: unknown, isOwn: boolean): undefined => {
  const isSilent =
    isDomainError(thrown) &&
    (thrown.code === status.UNAVAILABLE || thrown.code === status.DEADLINE_EXCEEDED);
  if (isSilent && !isOwn) {
    return undefined;
  }
  throw thrown;
};

const withSilent = (answer: Answer, hosts: readonly string[]): Answer => ({
  ...answer,
  unreachableHosts: [...answer.unreachableHosts, ...hosts],
});

const isOfHosts = (token: string): boolean =>
  readPage({ pageSize: 0, pageToken: token }, HOSTS, 2, collectViolations()).after !== undefined;

const firstOf = async (messages: AsyncIterable<Buffer>): Promise<Buffer | undefined> => {
  for await (const message of messages) {
    return message;
  }
  return undefined;
};

async function* replay(message: Buffer | undefined): AsyncGenerator<Buffer> {
  if (message !== undefined) {
    yield message;
  }
}

const decoded = ({ requestDeserialize }: MethodDefinition, bytes: Buffer): Message | undefined => {
  try {
    return requestDeserialize(bytes) as Message;
  } catch {
    return undefined;
  }
};
