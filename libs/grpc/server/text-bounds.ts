import {
  createFileRegistry,
  type DescExtension,
  type DescField,
  type DescMessage,
  fromBinary,
  getOption,
  ScalarType,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { collectViolations, type Violations } from '#libs/mesh/index.ts';

/** Where a field states nothing else. Ids, names and reasons are far shorter. */
const MAX_CHARS = 4_096;
const MAX_ITEMS = 4_096;

/** The options by which a field states more. */
interface Options {
  chars: DescExtension | undefined;
  items: DescExtension | undefined;
}

type Wrong = Pick<Violations, 'require'>;
type RequestCheck = (request: unknown) => void;
/** Notes which texts of a value are too long. */
type Check = (value: unknown, wrong: Wrong) => void;

/**
 * For each rpc of the image, by its path: a function that throws INVALID_ARGUMENT `INVALID_FIELDS` if a text of its request is
 * longer than `(muster.common.v1.max_chars)` of the field, or a list than its `max_items`. Whoever echoes, logs, matches or walks
 * them later need not ask again.
 */
export const textBounds = (image: Uint8Array): ((path: string) => RequestCheck) => {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
  const options = {
    chars: registry.getExtension('muster.common.v1.max_chars'),
    items: registry.getExtension('muster.common.v1.max_items'),
  };
  const known = new Map<string, Check>();
  const checkOf = (type: DescMessage): Check => {
    const check = known.get(type.typeName) ?? messageCheck(type, options, checkOf);
    known.set(type.typeName, check);
    return check;
  };
  const checkOfRpc = (path: string): RequestCheck => {
    const [service = '', method = ''] = path.slice(1).split('/');
    const input = registry.getService(service)?.methods.find(({ name }) => name === method)?.input;
    const check = input && checkOf(input);
    return (request) => {
      const wrong = collectViolations();
      check?.(request, wrong);
      wrong.throwIfAny();
    };
  };
  const ofRpcs = new Map<string, RequestCheck>();
  return (path) => {
    const check = ofRpcs.get(path) ?? checkOfRpc(path);
    ofRpcs.set(path, check);
    return check;
  };
};

const messageCheck = (
  type: DescMessage,
  options: Options,
  checkOf: (type: DescMessage) => Check,
): Check => {
  const fields = type.fields.flatMap((field) => {
    const { message } = field;
    if (field.fieldKind === 'map') {
      throw new TypeError(
        `${String(field)}: the texts of maps are not looked at; use a repeated message`,
      );
    }
    // Looked up at its first use, because a type may contain itself.
    const inner =
      message &&
      ((value: unknown, wrong: Wrong) => checkOf(message)(asMessage(message, value), wrong));
    const ofText = isText(field)
      ? textCheck(boundOf(field, options.chars) ?? MAX_CHARS)
      : undefined;
    const check = inner ?? ofText;
    const isList = field.fieldKind === 'list';
    const maxItems = isList ? (boundOf(field, options.items) ?? MAX_ITEMS) : 1;
    return check === undefined && !isList ? [] : [{ field, check, maxItems }];
  });
  return (value, wrong) => {
    for (const { field, check, maxItems } of fields) {
      const values = valuesOf(value as Fields, field);
      if (!wrong.require(values.length <= maxItems, field.name, `at most ${maxItems} elements`)) {
        continue;
      }
      for (const one of check === undefined ? NONE : values) {
        check?.(one, {
          require: (isRight, at, why) => isRight || wrong.require(false, join(field.name, at), why),
        });
      }
    }
  };
};

const textCheck =
  (bound: number): Check =>
  (value, wrong) => {
    if ((value as string).length > bound) {
      wrong.require(false, '', `must be at most ${bound} characters`);
    }
  };

const join = (outer: string, inner: string): string => (inner === '' ? outer : `${outer}.${inner}`);

const isText = (field: DescField): boolean => field.scalar === ScalarType.STRING;

const boundOf = (field: DescField, option: DescExtension | undefined): number | undefined => {
  const stated = option && getOption(field, option);
  return typeof stated === 'number' && stated > 0 ? stated : undefined;
};

/** A message as ts-proto decodes it: names in camel case, a oneof as `{ $case, value }`. */
type Fields = Readonly<Record<string, unknown>>;

/** ts-proto decodes a mask as its paths. */
const asMessage = ({ typeName }: DescMessage, value: unknown): unknown =>
  typeName === 'google.protobuf.FieldMask' ? { paths: value } : value;

const NONE: readonly unknown[] = [];

/** The values that a message has for a field. */
const valuesOf = (
  message: Fields,
  { oneof, localName, fieldKind }: DescField,
): readonly unknown[] => {
  const holder =
    oneof && (message[oneof.localName] as { $case: string; value: unknown } | undefined);
  const value =
    oneof === undefined
      ? message[localName]
      : holder?.$case === localName
        ? holder.value
        : undefined;
  if (value === undefined || value === null) {
    return NONE;
  }
  return fieldKind === 'list' ? (value as unknown[]) : [value];
};
