/**
 * The `--import` hook of every process: `node --import ./libs/telemetry/register.ts services/…/main.ts`. It runs
 * before any other module is loaded, which is what instrumentation needs; OpenTelemetry plugs in here, by registering
 * its loader hook (`@opentelemetry/instrumentation/hook.mjs`) and installing a carrier over its context API. Without
 * it the trace is carried and logged, but not recorded.
 */
import { enableCompileCache } from 'node:module';
import { asyncLocalCarrier, installCarrier } from './carrier.ts';

// Types are stripped and code is compiled once on a machine, so that the next start takes half the time.
enableCompileCache();

installCarrier(asyncLocalCarrier());
