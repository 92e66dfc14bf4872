import { once } from 'node:events';
import { connect } from 'node:net';
import { MongoClient, MongoServerError } from 'mongodb';
import { poll } from '#libs/async/index.ts';
import { systemClock } from '#libs/clock/index.ts';
import type { Started } from './launch.ts';

interface Member {
  replicaSet: string;
  port: number;
  login: { username: string; password: string } | undefined;
}

const POLL_MS = 20;
const AUTHENTICATION_FAILED = 18;
const ALREADY_INITIALIZED = 23;

/** Resolves when the only member of the set takes writes; initiates the set and makes the user where that is still to do. */
export const writablePrimary = async (member: Member, { pid, signal }: Started): Promise<void> => {
  await makePrimary(member, signal);
  try {
    await checkProcess(member, pid);
  } catch (thrown) {
    const isUserMissing =
      thrown instanceof MongoServerError && thrown.code === AUTHENTICATION_FAILED;
    if (member.login === undefined || !isUserMissing) {
      throw thrown;
    }
    await makeUser(member.port, member.login);
    await checkProcess(member, pid);
  }
};

const connected = async (port: number, login?: Member['login']): Promise<MongoClient> => {
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`, {
    serverSelectionTimeoutMS: 10_000,
    ...(login && { auth: login, authSource: 'admin' }),
  });
  try {
    return await client.connect();
  } catch (thrown) {
    await client.close();
    throw thrown;
  }
};

/** Everything here works without a password. */
const makePrimary = async (member: Member, signal: AbortSignal): Promise<void> => {
  const { port } = member;
  const polling = { clock: systemClock, everyMs: POLL_MS, signal };
  await poll(() => isListening(port), polling);
  await using client = await connected(port);
  await poll(async () => {
    const hello = await client.db('admin').command({ hello: 1 });
    if (hello['isreplicaset'] === true) {
      await initiate(client, member);
    }
    return hello['isWritablePrimary'] === true;
  }, polling);
};

const isListening = (port: number): Promise<boolean> => {
  const socket = connect({ port, host: '127.0.0.1' });
  return once(socket, 'connect')
    .then(
      () => true,
      () => false,
    )
    .finally(() => socket.destroy());
};

/** A member that has just started again denies that it has a set until it has read it; then it refuses to begin another. */
const initiate = async (client: MongoClient, { replicaSet, port }: Member): Promise<void> => {
  const config = {
    _id: replicaSet,
    members: [{ _id: 0, host: `127.0.0.1:${port}` }],
    settings: { electionTimeoutMillis: 1_000 },
  };
  try {
    await client.db('admin').command({ replSetInitiate: config });
  } catch (thrown) {
    if (!(thrown instanceof MongoServerError) || thrown.code !== ALREADY_INITIALIZED) {
      throw thrown;
    }
  }
};

/** As long as there is no user, one may be made from this machine without a password. */
const makeUser = async (
  port: number,
  { username, password }: NonNullable<Member['login']>,
): Promise<void> => {
  await using client = await connected(port);
  await client.db('admin').command({ createUser: username, pwd: password, roles: ['root'] });
};

/** Fails if another mongod answers on that port. */
const checkProcess = async ({ port, login }: Member, pid: number): Promise<void> => {
  await using client = await connected(port, login);
  const { pid: answering } = await client.db('admin').command({ serverStatus: 1 });
  if (Number(answering) !== pid) {
    throw new Error(`found another mongod (process ${answering}) on its port`);
  }
};
