/**
 * The `--import` hook of every process: `node --import ./libs/telemetry/register.ts services/…/main.ts`. It runs before
 * any other module is loaded, which is where instrumentation (`@opentelemetry/instrumentation/hook.mjs`) would begin.
 */
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// Node strips types and compiles once. After that a process starts with half of the CPU time.
enableCompileCache(fileURLToPath(new URL('../../.tools/compile-cache', import.meta.url)));
