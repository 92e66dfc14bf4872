/** From `main.ts` to a running service and back: signals, drain, exit codes. */
export { ExitCode } from './exit-code.ts';
export { runService, type ServiceOptions } from './run-service.ts';
export type { Runtime, Start, Started } from './service.ts';
