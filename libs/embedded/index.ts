/** What `muster up` and the tests run themselves: nats-server, mongod (a replica set of one), Azurite, the services. */
export { azurite, AZURITE_ACCOUNT, type AzuriteOptions } from './azurite.ts';
export { freePort, isPortFree } from './free-port.ts';
export { describeExit, launch, LaunchError, type LaunchOptions } from './launch.ts';
export { mongod, type MongodOptions } from './mongod.ts';
export { natsServer, type NatsServerOptions } from './nats-server.ts';
export type { Program, Running, Started, StoreProgram } from './program.ts';
export { serviceAddress, serviceArguments, serviceProgram, type ServiceProgramOptions } from './service.ts';
