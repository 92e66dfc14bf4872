import type { Collection, Filter, UpdateFilter } from 'mongodb';
import type { Hello } from '#libs/contracts/agent.ts';
import { asUnavailable, duplicateKey } from '#libs/mongo/index.ts';
import { type ConnectedUser, type Drain, isConnected, type UserRecord } from '../domain/user.ts';

/** Orders the streams of one agent; empty and 0 for older agents. See `Hello`. */
type StreamOrder = Pick<Hello, 'installation' | 'ordinal'>;

/** A document of the collection `users`: the record under its id. */
export type UserDocument = Omit<UserRecord, 'id' | 'owner' | 'goodLooks'> &
  // Managers of before knew neither.
  Partial<Pick<UserRecord, 'owner' | 'goodLooks'>> &
  Partial<StreamOrder> & { _id: string };

export type NewConnection = Pick<
  ConnectedUser,
  | 'id'
  | 'name'
  | 'manager'
  | 'connection'
  | 'slots'
  | 'capability'
  | 'agentVersion'
  | 'owner'
  | 'goodLooks'
> &
  StreamOrder & { nowMs: number };

interface UsersQuery {
  session?: string;
  after?: readonly [string, string];
  limit: number;
}

const toRecord = ({
  _id,
  owner,
  goodLooks,
  installation: _installation,
  ordinal: _ordinal,
  capability,
  ...rest
}: UserDocument): UserRecord => ({
  id: _id,
  owner: owner ?? '',
  goodLooks: goodLooks ?? 0,
  ...rest,
  // Managers of before knew no devices.
  capability: {
    ...capability,
    engines: capability.engines.map((engine) => ({ ...engine, devices: engine.devices ?? [] })),
  },
});

/** What a record gets from a stream, whatever was there before. */
const gainedBy = (stream: NewConnection) => ({
  name: stream.name,
  manager: stream.manager,
  connection: stream.connection,
  slots: stream.slots,
  capability: stream.capability,
  agentVersion: stream.agentVersion,
  owner: stream.owner,
  goodLooks: stream.goodLooks,
  installation: stream.installation,
  ordinal: stream.ordinal,
  connectedAtMs: stream.nowMs,
  drain: 'none' as const,
});

/** The record of a user who connects, given what was there. */
const connectedRecord = (stream: NewConnection, before: UserRecord | undefined): ConnectedUser => ({
  id: stream.id,
  ...gainedBy(stream),
  session: before?.session ?? null,
  claim: (before?.claim ?? 0) + (before !== undefined && before.session !== null ? 1 : 0),
  version: (before?.version ?? 0) + 1,
});

/** The same as {@link connectedRecord}, as an update that MongoDB makes in one step. */
const connectUpdate = (stream: NewConnection) => [
  {
    $set: {
      ...Object.fromEntries(
        Object.entries(gainedBy(stream)).map(([name, value]) => [name, { $literal: value }]),
      ),
      session: { $ifNull: ['$session', null] },
      claim: {
        $add: [{ $ifNull: ['$claim', 0] }, { $cond: [{ $ifNull: ['$session', false] }, 1, 0] }],
      },
      version: { $add: [{ $ifNull: ['$version', 0] }, 1] },
    },
  },
];

/** Whether no later stream of the same installation was connected. */
const notAfter = (installation: string, ordinal: number): Filter<UserDocument> => ({
  $or: [{ installation: { $ne: installation } }, { ordinal: { $lte: ordinal } }],
});

/**
 * The users' records. Every change is one update that names the state it was decided on, so only one of two deciders wins.
 * The other one gets undefined and reads again. All methods throw UNAVAILABLE `mongodb` while MongoDB is away.
 */
export type Users = ReturnType<typeof openUsers>;

export const openUsers = (collection: Collection<UserDocument>) => {
  const change = async (
    filter: Filter<UserDocument>,
    update: UpdateFilter<UserDocument>,
  ): Promise<UserRecord | undefined> => {
    const after = await asUnavailable(() =>
      collection.findOneAndUpdate(
        filter,
        { ...update, $inc: { ...update.$inc, version: 1 } },
        { returnDocument: 'after' },
      ),
    );
    return after === null ? undefined : toRecord(after);
  };

  const getAll = async (filter: Filter<UserDocument>): Promise<UserRecord[]> =>
    (await asUnavailable(() => collection.find(filter).toArray())).map(toRecord);

  const find = async (filter: Filter<UserDocument>): Promise<ConnectedUser[]> =>
    (await getAll({ ...filter, connection: { $ne: null } })).filter(isConnected);

  return {
    /**
     * Makes the stream the user's only one. A claim moves to it under a new number. Answers also the record as it was before;
     * undefined if a later stream of the same installation came first.
     */
    async connect(stream: NewConnection) {
      const { id: _id, installation, ordinal } = stream;
      const filter = installation === '' ? { _id } : { _id, ...notAfter(installation, ordinal) };
      const upsert = () =>
        asUnavailable(() =>
          collection
            .findOneAndUpdate(filter, connectUpdate(stream), {
              upsert: true,
              returnDocument: 'before',
            })
            .then((document) => ({ document })),
        ).catch((thrown: unknown) => {
          if (duplicateKey(thrown) === undefined) {
            throw thrown;
          }
          return undefined;
        });
      // Two first streams of a machine at once: the second finds the first one's document.
      const found = (await upsert()) ?? (await upsert());
      if (found === undefined) {
        return undefined;
      }
      const before = found.document === null ? undefined : toRecord(found.document);
      return { before, after: connectedRecord(stream, before) };
    },
    /** Notes that a stream is gone; undefined when it was not the user's present one. */
    disconnect: (id: string, connection: string) =>
      change({ _id: id, connection }, { $set: { connection: null } }),
    /** Gives an idle user to a session; undefined when it is not as it was. */
    claim: ({ id, connection, claim }: ConnectedUser, session: string) =>
      change(
        { _id: id, connection, claim, session: null, drain: 'none' },
        { $set: { session }, $inc: { claim: 1 } },
      ),
    /** Takes a user from its session; undefined when it is not as it was. */
    release: (id: string, session: string, claim: number) =>
      change({ _id: id, session, claim }, { $set: { session: null } }),
    /** Undefined when it is not connected. */
    setDrain: (id: string, drain: Drain) =>
      change({ _id: id, connection: { $ne: null } }, { $set: { drain } }),
    get: async (id: string): Promise<UserRecord | undefined> => (await getAll({ _id: id }))[0],
    getMany: (ids: readonly string[]) => getAll({ _id: { $in: [...ids] } }),
    connected: () => find({}),
    /** Connected ones by name, at most `limit`, those after (name, id). */
    async list({ session, after, limit }: UsersQuery): Promise<ConnectedUser[]> {
      const rest =
        after === undefined
          ? {}
          : { $or: [{ name: { $gt: after[0] } }, { name: after[0], _id: { $gt: after[1] } }] };
      const found = await asUnavailable(() =>
        collection
          .find({
            connection: { $ne: null },
            ...(session === undefined ? {} : { session }),
            ...rest,
          })
          .sort({ name: 1, _id: 1 })
          .limit(limit)
          .toArray(),
      );
      return found.map(toRecord).filter(isConnected);
    },
    /** Those whose record says that this instance holds their stream. */
    ofManager: (manager: string) => find({ manager }),
    /** The instances that are said to hold streams. */
    managers: (): Promise<string[]> =>
      asUnavailable(() => collection.distinct('manager', { connection: { $ne: null } })),
    async remove(id: string): Promise<void> {
      await asUnavailable(() => collection.deleteOne({ _id: id }));
    },
  };
};
