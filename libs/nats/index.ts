/** The bus between services: requests to the server of a subject, and facts for any listener. Only this library imports `nats`. */
export type {
  Bus,
  BusMessage,
  RequestOptions,
  ServeHandler,
  ServeOptions,
  Serving,
} from './bus.ts';
export { connectBus, type BusOptions } from './connect.ts';
export type { FactsOptions } from './facts.ts';
