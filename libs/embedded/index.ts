/** What `muster up` and the tests run themselves: nats-server, mongod (a replica set of one), Azurite, the services. */
export { azurite } from './azurite.ts';
export { freePort, isPortFree } from './free-port.ts';
export {
  describeExit,
  launch,
  LaunchError,
  type LaunchOptions,
  type Program,
  type Running,
  type SharedStoreProgram,
  type StoreProgram,
} from './launch.ts';
export { mongod } from './mongod.ts';
export { natsServer } from './nats-server.ts';
export { serviceAddress, serviceArguments, serviceProgram } from './service.ts';
