/** The process of the `muster` command: standard streams, environment, signals, exit code. */
import { systemClock } from '#libs/clock/index.ts';
import { systemRandom } from '#libs/random/index.ts';
import { run } from './run.ts';

const interrupt = new AbortController();
const onSignal = (): void => {
  // A second signal finds no handler, so the system ends the process.
  process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  interrupt.abort();
};
process.on('SIGINT', onSignal).on('SIGTERM', onSignal);

// In `muster workloads | head -1` the reader leaves early, which is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') {
    process.exit(0);
  }
  throw error;
});

const { env } = process;
process.exitCode = await run(
  {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    cwd: process.cwd(),
    env: {
      home: env['HOME'] ?? '/',
      context: env['MUSTER_CONTEXT'],
      token: env['MUSTER_TOKEN'],
      tlsCert: env['MUSTER_TLS_CERT'],
      tlsKey: env['MUSTER_TLS_KEY'],
      tlsCa: env['MUSTER_TLS_CA'],
      inherited: env,
    },
    clock: systemClock,
    random: systemRandom,
    interrupt: interrupt.signal,
  },
  process.argv.slice(2),
);
