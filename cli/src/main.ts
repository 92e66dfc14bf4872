/** The process of the `muster` command: standard streams, environment, signals, exit code. */
import { systemClock } from '#libs/clock/index.ts';
import { systemRandom } from '#libs/random/index.ts';
import { lastingStream } from './output-file.ts';
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

const { argv, env } = process;
// Its mesh must outlive a full disk that its messages go to; any other command fails there.
const lasts = argv.includes('up');
process.exitCode = await run(
  {
    stdout: lasts ? lastingStream(process.stdout) : process.stdout,
    stderr: lasts ? lastingStream(process.stderr) : process.stderr,
    stdin: process.stdin,
    cwd: process.cwd(),
    env: {
      home: env['HOME'] ?? '/',
      context: env['MUSTER_CONTEXT'],
      token: env['MUSTER_TOKEN'],
      tlsCert: env['MUSTER_TLS_CERT'],
      tlsKey: env['MUSTER_TLS_KEY'],
      tlsCa: env['MUSTER_TLS_CA'],
      insecure: env['MUSTER_INSECURE'] === '1',
      inherited: env,
    },
    clock: systemClock,
    random: systemRandom,
    interrupt: interrupt.signal,
  },
  argv.slice(2),
);
