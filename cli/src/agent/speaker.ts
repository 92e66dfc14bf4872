import type { Clock } from '#libs/clock/index.ts';
import { isTold, type Told } from '#libs/contracts/agent-told.ts';
import type { Stream } from '../cli.ts';
import { formatSeconds, plural, printable } from '../formats.ts';

interface SpeakerOptions {
  name: string;
  /** A terminal, on which the last line is redrawn. */
  screen: Stream;
  clock: Pick<Clock, 'monotonic'>;
  /** Only what goes wrong. */
  isQuiet: boolean;
}

/** Says to the person who lends a machine what it does, from the lines that its agent prints. */
export const createSpeaker = ({ name, screen, isQuiet, clock }: SpeakerOptions) => {
  const startedMs = clock.monotonic();
  let rest = '';
  let last: Told | undefined;
  let working = '';
  let isStatusOpen = false;

  const clear = (): void => {
    if (isStatusOpen) {
      screen.write('\r\u001B[K');
    }
    isStatusOpen = false;
  };
  const say = (text: string): void => {
    clear();
    screen.write(`${printable(text)}\n`);
  };
  const tell = (text: string): void => {
    if (!isQuiet) {
      say(text);
    }
  };
  const draw = (): void => {
    if (isQuiet || last === undefined) {
      return;
    }
    const line = printable(statusOf(last)).slice(0, Math.max(0, (screen.columns ?? 80) - 1));
    screen.write(`\r\u001B[K${line}`);
    isStatusOpen = true;
  };

  const hearTold = (told: Told): void => {
    if (told.connected !== (last?.connected ?? false)) {
      tell(
        told.connected
          ? `${name} is connected and ready for work; Ctrl-C hands its work back and leaves`
          : `${name} has lost its connection; it goes on working and tries again`,
      );
    }
    const [first] = told.doing;
    const now = first === undefined ? working : workOf(first);
    if (now !== working) {
      tell(`working on ${now}`);
      working = now;
    }
    last = told;
    draw();
  };
  const hear = (line: string): void => {
    const said = parse(line);
    if (isTold(said)) {
      return hearTold(said.tell);
    }
    const trouble = troubleIn(said);
    if (trouble !== undefined) {
      say(trouble);
      draw();
    } else if (said === undefined && line.trim() !== '') {
      // Not of the log: a crash says more than nothing.
      say(line);
    }
  };

  return {
    /** Takes what the agent prints, in any pieces. */
    take: (chunk: Buffer | string): void => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(hear);
    },
    /** The agent has ended. */
    finish(): void {
      clear();
      if (last !== undefined) {
        tell(summaryOf(last, (clock.monotonic() - startedMs) / 1_000));
      }
    },
  };
};

const parse = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
};

const TROUBLE: ReadonlySet<unknown> = new Set(['warn', 'error', 'fatal']);

/** What a line of the log says that a person should know. */
const troubleIn = (said: unknown): string | undefined => {
  const { level, msg, reason, error, why, trouble, task, engine } = (said ?? {}) as Record<
    string,
    unknown
  >;
  if (!TROUBLE.has(level) || typeof msg !== 'string') {
    return undefined;
  }
  const more = [task ?? engine, error ?? reason ?? why ?? trouble].filter(
    (each): each is string => typeof each === 'string' && each !== '' && !msg.includes(each),
  );
  return [msg, ...more].join(': ');
};

const workOf = ({ what, customer }: Told['doing'][number]): string =>
  customer === '' ? what : `${what} for ${customer}`;

const doneOf = ({ done, failed, seconds, waiting }: Told): string =>
  [
    `${done} done`,
    ...(waiting > 0
      ? [`${plural(waiting, 'result')} kept here until the mesh can store them`]
      : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(done + failed > 0 ? [`${formatSeconds(seconds)} of work`] : []),
  ].join(', ');

/** `frames/17 of scene.blend for alice: 62 %, 20.0 s left · 12 done, 3 min 20 s of work`. */
const statusOf = (told: Told): string => {
  const doing = told.doing.map((each) => {
    const { task, fraction, remainingSeconds } = each;
    const far = [
      ...(fraction === null ? [] : [`${Math.floor(fraction * 100)} %`]),
      ...(remainingSeconds === null ? [] : [`${formatSeconds(remainingSeconds)} left`]),
    ].join(', ');
    return `${task} of ${workOf(each)}${far === '' ? '' : `: ${far}`}`;
  });
  const idle = told.connected ? 'waiting for work' : 'no connection to the mesh';
  return `${doing.length === 0 ? idle : doing.join('; ')} · ${doneOf(told)}`;
};

const summaryOf = (told: Told, wallSeconds: number): string => {
  const { done, failed, seconds, customers } = told;
  const whom = customers.length === 0 || done === 0 ? '' : ` for ${customers.join(', ')}`;
  const lost = failed > 0 ? `, ${failed} failed` : '';
  return `${plural(done, 'task')} done${whom}${lost}: ${formatSeconds(seconds)} of work in ${formatSeconds(wallSeconds)}`;
};
