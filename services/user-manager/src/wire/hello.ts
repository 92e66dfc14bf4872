import type { Device, Hello } from '#libs/contracts/agent.ts';
import { collectViolations, type Violations } from '#libs/mesh/index.ts';
import { MAX_WORKLOADS_HELD } from '../domain/scope.ts';
import type { UserRecord } from '../domain/user.ts';
import { checkHeld } from './held.ts';

const MAX_SLOTS = 256;
const MAX_TEXT_CHARS = 64;
const MAX_ENGINES = 32;
const MAX_DEVICES = 64;

const checkDevices = (
  devices: readonly Device[],
  field: string,
  { require: check }: Pick<Violations, 'require'>,
): void => {
  check(devices.length <= MAX_DEVICES, field, `must be at most ${MAX_DEVICES}`);
  for (const [i, { name }] of devices.slice(0, MAX_DEVICES).entries()) {
    const isName = /^\P{Cc}{1,128}$/u.test(name);
    check(isName, `${field}[${i}].name`, 'must be 1 to 128 characters, none of control');
  }
};

/** Reads an agent's hello. Throws INVALID_ARGUMENT `INVALID_FIELDS` that names every wrong field. */
export const parseHello = (
  hello: Hello,
): Pick<UserRecord, 'slots' | 'capability' | 'agentVersion'> &
  Pick<Hello, 'installation' | 'ordinal'> => {
  const wrong = collectViolations();
  const message = wrong.within('hello');
  const { slots, agentVersion, held, installation, ordinal } = hello;
  const capability = hello.capability ?? {
    cpus: 1,
    memoryBytes: 0,
    engines: [],
    sandbox: 'SANDBOX_LEVEL_UNSPECIFIED',
  };
  message.require(slots >= 1 && slots <= MAX_SLOTS, 'slots', `must be 1 to ${MAX_SLOTS}`);
  message.require(
    agentVersion.length <= MAX_TEXT_CHARS,
    'agent_version',
    `must have at most ${MAX_TEXT_CHARS} characters`,
  );
  message.require(
    /^[\w-]{0,64}$/.test(installation),
    'installation',
    'must be at most 64 characters of A-Z, a-z, 0-9, - and _',
  );
  message.require(hello.capability !== undefined, 'capability', 'must be set');
  message.require(capability.cpus >= 1, 'capability.cpus', 'must be at least 1');
  message.require(
    capability.engines.length <= MAX_ENGINES,
    'capability.engines',
    `must be at most ${MAX_ENGINES}`,
  );
  for (const [i, { name, version, devices }] of capability.engines
    .slice(0, MAX_ENGINES)
    .entries()) {
    const field = `capability.engines[${i}]`;
    message.require(
      /^[A-Za-z0-9_]{1,64}$/.test(name),
      `${field}.name`,
      'must be 1 to 64 characters of A-Z, a-z, 0-9 and _',
    );
    message.require(
      /^[\w.+-]{0,64}$/.test(version),
      `${field}.version`,
      'must be at most 64 characters of a version',
    );
    checkDevices(devices, `${field}.devices`, message);
  }
  message.require(
    held.length <= MAX_WORKLOADS_HELD,
    'held',
    `must name at most ${MAX_WORKLOADS_HELD} workloads`,
  );
  for (const [i, each] of held.slice(0, MAX_WORKLOADS_HELD).entries()) {
    checkHeld(each, `hello.held[${i}]`, wrong);
  }
  wrong.throwIfAny();
  return { slots, capability, agentVersion, installation, ordinal };
};
