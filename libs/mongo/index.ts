/** MongoDB as the state of record: durable writes, declared collections, beats, and typed errors. */
export { startBeats, type BeatDocument, type Beats, type Peers } from './beats.ts';
export { collection, declarations, ensureCollections, type CollectionName } from './collections.ts';
export { connectMongo, type Store } from './connect.ts';
export { asUnavailable, duplicateKey, isAway } from './errors.ts';
export {
  type Action,
  mongoRights,
  type MongoService,
  mongoServices,
  type MongoUser,
  mongoUser,
} from './rights.ts';
export { isDead, observe, type Observed } from './liveness.ts';
