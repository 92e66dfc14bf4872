/**
 * The `--import` hook of every process: `node --import ./libs/telemetry/register.ts services/…/main.ts`. It runs
 * before any other module is loaded, which is what instrumentation needs; OpenTelemetry plugs in here, by registering
 * its loader hook (`@opentelemetry/instrumentation/hook.mjs`) and installing a carrier over its context API. Without
 * it the trace is carried and logged, but not recorded.
 */
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { asyncLocalCarrier, installCarrier } from './carrier.ts';

// Node strips types and compiles once; from then on a process starts with half of the CPU time.
enableCompileCache(fileURLToPath(new URL('../../.tools/compile-cache', import.meta.url)));

installCarrier(asyncLocalCarrier());
