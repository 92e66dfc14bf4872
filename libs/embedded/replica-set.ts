import { once } from 'node:events';
import { connect } from 'node:net';
import { MongoClient, MongoServerError } from 'mongodb';
import { poll } from '#libs/async/index.ts';
import { systemClock } from '#libs/clock/index.ts';
import type { Started } from './launch.ts';
import { keepServiceUsers } from './mongo-users.ts';
import { ADMIN, type MongoPasswords } from './mongod.ts';

interface Member {
  replicaSet: string;
  port: number;
  passwords: MongoPasswords | undefined;
  database: string;
}

const USER = 'muster';
const POLL_MS = 20;
const AUTHENTICATION_FAILED = 18;
const ALREADY_INITIALIZED = 23;

/** Resolves when the only member of the set takes writes; initiates the set and makes the users where that is still to do. */
export const writablePrimary = async (member: Member, { pid, signal }: Started): Promise<void> => {
  await makePrimary(member, signal);
  const { port, passwords, database } = member;
  await using client = await connected(port, passwords).catch(async (thrown: unknown) => {
    const isUserMissing =
      thrown instanceof MongoServerError && thrown.code === AUTHENTICATION_FAILED;
    if (passwords === undefined || !isUserMissing) {
      throw thrown;
    }
    await makeUser(port, passwords);
    return connected(port, passwords);
  });
  await checkProcess(client, pid);
  if (passwords !== undefined) {
    await keepServiceUsers(client, database, passwords);
  }
};

const connected = async (port: number, passwords?: MongoPasswords): Promise<MongoClient> => {
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`, {
    serverSelectionTimeoutMS: 10_000,
    ...(passwords && {
      auth: { username: USER, password: passwords[USER] },
      authSource: ADMIN,
    }),
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
    const hello = await client.db(ADMIN).command({ hello: 1 });
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
    await client.db(ADMIN).command({ replSetInitiate: config });
  } catch (thrown) {
    if (!(thrown instanceof MongoServerError) || thrown.code !== ALREADY_INITIALIZED) {
      throw thrown;
    }
  }
};

/** As long as there is no user, one may be made from this machine without a password. */
const makeUser = async (port: number, passwords: MongoPasswords): Promise<void> => {
  await using client = await connected(port);
  await client.db(ADMIN).command({ createUser: USER, pwd: passwords[USER], roles: ['root'] });
};

/** Fails if another mongod answers on that port. */
const checkProcess = async (client: MongoClient, pid: number): Promise<void> => {
  const { pid: answering } = await client.db(ADMIN).command({ serverStatus: 1 });
  if (Number(answering) !== pid) {
    throw new Error(`found another mongod (process ${answering}) on its port`);
  }
};
