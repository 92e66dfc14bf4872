import { DomainError } from '#libs/errors/index.ts';

/** What does on the command line what an rpc does. Every rpc that a service's error names is here; a test sees to that. */
export const COMMANDS: Readonly<Record<string, string>> = {
  CommitParts: 'muster agent',
  CreateMachine: 'muster machines create',
  CreateObject: 'muster render',
  CreateUploadUrl: 'muster render',
  Download: 'muster results',
  FindUpload: 'muster render',
  GetPoolStatus: 'muster ports pools',
  ListBlobs: 'muster results ID',
  ListLeases: 'muster ports list',
  ListObjects: 'muster call ObjectService/ListObjects',
  ListResults: 'muster results ID',
  ListTasks: 'muster show ID',
  ListWorkloads: 'muster workloads',
  SetWebhook: 'muster webhook set URL',
  Upload: 'muster render',
};

/** What says on the command line what a field of a request says, by the field's path. */
export const OPTIONS: Readonly<Record<string, string>> = {
  allow_unreachable: '--allow-unreachable',
  case: 'the case',
  count: '--count',
  'customer.customer_id': 'ID',
  'customer.display_name': '--name',
  'customer.plan.running_workloads': '--workloads',
  'customer.plan.users': '--users',
  'customer.plan.weight': '--weight',
  customer_id: '--customer',
  fencing_token: '--token',
  frames: '--frames',
  idle_for: '--idle',
  lease_id: 'ID',
  'render.allow_missing': '--allow-missing',
  'render.allowed_missing': '--allow-missing',
  'render.bake_timeout': '--bake-timeout',
  'render.camera': '--camera',
  'render.device': '--device',
  'render.device_memory_bytes': '--device-memory',
  'render.engine': '--engine',
  'render.format': '--format',
  'render.frame_timeout': '--frame-timeout',
  'render.frames': '--frames',
  'render.order': '--order',
  'render.physics': '--bake or --allow-unbaked',
  'render.progress_timeout': '--progress-timeout',
  'render.samples': '--samples',
  'render.scale_percent': '--scale',
  'render.scene': '--scene',
  'render.tiles': '--tiles',
  'render.tiles_if_slow': '--tiles',
  'render.view_layer': '--view-layer',
  session_id: 'ID',
  target: 'TARGET',
  task: 'TASK',
  timeout: '--timeout',
  token_ttl_seconds: '--ttl',
  ttl: '--ttl',
  url: 'URL',
  vm: 'VM',
  wait: '--wait',
  wanted: 'N',
  wanted_users: '--users',
  workload_id: 'ID',
};

/** One of these words, but not within a path, a name or a longer word. */
const anyOf = (words: readonly string[], before = ''): RegExp =>
  new RegExp(
    `(?<![\\w/.-])${before}(${words.map((word) => RegExp.escape(word)).join('|')})(?![\\w/-]|\\.\\w)`,
    'g',
  );

const RPC = anyOf(Object.keys(COMMANDS), String.raw`(?:\w+Service[./])?`);
/** Fields whose names are no words of English. */
const FIELD = anyOf(Object.keys(OPTIONS).filter((path) => path.includes('_')));

/**
 * What a service answered, in words of the command line: commands for rpcs, options for fields. Code, reason and the fields
 * themselves stay as they are.
 */
export const inCommands = (error: DomainError): DomainError => {
  const { code, reason, metadata, violations, retryAfterMs } = error;
  const { workload } = metadata;
  const commandFor = (_: string, rpc: string): string =>
    `\`${COMMANDS[rpc]?.replace(/\bID$/, workload ?? 'ID')}\``;
  const ofFields = violations.reduce(
    (text, { field }) => text.replace(`${field}: `, `${OPTIONS[field] ?? field}: `),
    error.message,
  );
  const message = (violations.length === 0 ? error.message : leftOut(ofFields))
    .replace(RPC, commandFor)
    .replace(FIELD, (_, path: string) => OPTIONS[path] ?? path);
  return message === error.message
    ? error
    : new DomainError(code, reason, message, metadata, { violations, retryAfterMs, cause: error });
};

/** A field that is empty is an option that is left out. */
const leftOut = (message: string): string => message.replace(/, or empty\b/g, ', or left out');
