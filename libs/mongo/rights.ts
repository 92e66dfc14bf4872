import type { ServiceName } from '#libs/mesh/index.ts';
import { type CollectionName, declarations } from './collections.ts';

/** What a role lets a service do with a collection, in the words of MongoDB. */
export type Action = 'find' | 'insert' | 'update' | 'remove' | 'createIndex';

/** The services that use MongoDB. Each has a user of its own there. */
export const mongoServices = [
  'session-supervisor',
  'user-manager',
  'blob',
  'port-broker',
] as const satisfies readonly ServiceName[];

export type MongoService = (typeof mongoServices)[number];

interface Right {
  service: MongoService;
  actions: readonly Action[];
}

const right =
  (service: MongoService) =>
  (...actions: Action[]): Right => ({ service, actions });

const supervisor = right('session-supervisor');
const manager = right('user-manager');
const blob = right('blob');
const broker = right('port-broker');

/** Whose a collection is, and what that service does with it. Nobody else reaches it. A journal only grows. */
const rights: Readonly<Record<CollectionName, Right>> = {
  workloads: supervisor('find', 'insert', 'update'),
  journal: supervisor('find', 'insert'),
  snapshots: supervisor('find', 'insert', 'update'),
  refusals: supervisor('find', 'insert', 'update'),
  customers: supervisor('find', 'insert', 'update'),
  webhooks: supervisor('find', 'insert', 'update', 'remove'),
  deliveries: supervisor('find', 'insert', 'update'),
  supervisors: supervisor('find', 'insert', 'update', 'remove'),
  managers: manager('find', 'insert', 'update', 'remove'),
  matcher: manager('find', 'insert', 'update'),
  users: manager('find', 'insert', 'update', 'remove'),
  machines: manager('find', 'insert', 'update', 'remove'),
  brokers: broker('find', 'insert', 'update', 'remove'),
  places: broker('find', 'insert', 'update'),
  objects: blob('find', 'insert', 'remove'),
  keptUploads: blob('find', 'insert', 'update', 'remove'),
};

const names = Object.keys(rights) as CollectionName[];

/** The collections of a service. */
export const collectionsOf = (service: MongoService): CollectionName[] =>
  names.filter((name) => rights[name].service === service);

/** What a service may do with a collection. It makes the indexes of its own ones. */
export const mongoRights = (service: MongoService, name: CollectionName): Action[] => {
  const { service: owner, actions } = rights[name];
  if (owner !== service) {
    return [];
  }
  return declarations[name].length === 0 ? [...actions] : [...actions, 'createIndex'];
};

/** A user and its only role, which have one name. Both are kept in the database that they are for. */
export interface MongoUser {
  name: MongoService;
  privileges: { resource: { db: string; collection: string }; actions: Action[] }[];
}

/** The user of a service, for one database; '' is all of them. */
export const mongoUser = (service: MongoService, database: string): MongoUser => ({
  name: service,
  privileges: collectionsOf(service).map((name) => ({
    resource: { db: database, collection: name },
    actions: mongoRights(service, name),
  })),
});
