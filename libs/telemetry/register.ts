/**
 * The `--import` hook of every process: `node --import ./libs/telemetry/register.ts services/…/main.ts`. It runs
 * before any other module is loaded, as instrumentation requires. OpenTelemetry would register its loader hook here
 * (`@opentelemetry/instrumentation/hook.mjs`) and install a carrier over its context API. Without it the trace is carried
 * and logged, but not recorded.
 */
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { asyncLocalCarrier, installCarrier } from './carrier.ts';

// Node strips types and compiles once. After that a process starts with half of the CPU time.
enableCompileCache(fileURLToPath(new URL('../../.tools/compile-cache', import.meta.url)));

installCarrier(asyncLocalCarrier());
