/**
 * The bus between services: requests to whoever owns a subject, and facts for whoever wants to know. The only importer
 * of `nats`.
 */
export type { Bus, BusMessage, RequestOptions, SendOptions, ServeHandler, ServeOptions, Serving } from './bus.ts';
export { connectBus, type BusOptions } from './connect.ts';
export { EVENTS_STREAM, type FactsOptions } from './events-stream.ts';
