import type { BlendFile, FileBlock } from './file.ts';
import { type FileUse, filesOf, type SequenceRead, sequenceReadOf } from './file-uses.ts';
import { isRendered, type Unbaked, unbakedOf } from './physics.ts';
import { type BlendRecord, recordsOf } from './record.ts';
import { isMuted, shownNodes } from './node-tree.ts';
import { hiddenCollections, isHiddenObject, objectsOnLayers } from './visibility.ts';

/** What a scene, or data-blocks of a library, need of the world outside their file. */
export interface Trace {
  /** Files that the picture can show, in the order in which they were found. */
  uses: FileUse[];
  /** Simulations that would be computed anew on each machine. */
  unbaked: Unbaked[];
  /** For each library, by its path as the file has it: the names of the data-blocks that are used of it. */
  linked: Map<string, Set<string>>;
}

/**
 * How much of a data-block matters: all of it, or only how it moves. A parent or the target of a driver need not be
 * in the picture. An instanced collection shows also what it hides.
 */
type Depth = 'whole' | 'motion' | 'instanced';

/** Members that lead to what no picture shows, or back to where one came from. */
const SKIPPED: Readonly<Record<string, readonly string[]>> = {
  ID: ['newid', 'lib', 'orig_id', 'asset_data', 'library_weak_reference'],
  // Brushes, the clip of the editor, annotations.
  Scene: [
    'toolsettings',
    'clip',
    'gpd',
    'base',
    'basact',
    'preview',
    'collection',
    'ed',
    'nodetree',
  ],
  ViewLayer: ['object_bases', 'basact', 'layer_collections', 'active_collection'],
  // Pictures to model by.
  Camera: ['bg_images'],
  Object: ['parent', 'gpd', 'mpath', 'preview', 'pc_ids', 'poselib', 'proxy', 'proxy_from'],
  Collection: ['preview', 'parents', 'owner_id', 'gobject', 'children', 'exporters'],
  // The slots for textures of the renderer that Blender had before 2.8.
  Material: ['nodetree', 'preview', 'texpaintslot', 'mtex'],
  World: ['nodetree', 'preview', 'mtex'],
  // Files keep the names that structs had at first.
  Lamp: ['nodetree', 'preview', 'mtex'],
  // Pictures on faces for the game engine of that time.
  MTexPoly: ['*'],
  MTFace: ['*'],
  TFace: ['*'],
  // Simulations that Blender removed in 2.82.
  SmokeModifierData: ['*'],
  FluidsimModifierData: ['*'],
  bNode: ['parent', 'original'],
  bNodeTree: ['nodes', 'links', 'gpd', 'owner_id', 'preview', 'previews'],
  // Vertices and the like.
  CustomDataLayer: ['data'],
  Image: ['preview', 'rr', 'cache', 'anims', 'renderslots'],
  Brush: ['*'],
  bScreen: ['*'],
};

const useKey = ({ form, path }: FileUse): string => `${form} ${path}`;

/** Members of an object that decide how it moves. */
const MOTION: ReadonlySet<string> = new Set(['id', 'adt', 'constraints', 'pose', 'parent']);

const isLinked = (block: FileBlock): boolean => block.code === 'ID';

/** The data-blocks of a file by their names: `SCScene`, `MASteel`. */
export const idsOf = (file: BlendFile): Map<string, BlendRecord> => {
  const ids = new Map<string, BlendRecord>();
  for (const block of file.blocks) {
    if (block.code.length === 2 && !isLinked(block)) {
      const [record] = recordsOf(file, block);
      if (record?.has('id.name') === true) {
        ids.set(record.text('id.name'), record);
      }
    }
  }
  return ids;
};

/**
 * The data-blocks of a file with these names, and where it only links one, the place of that. Those are what `trace` begins with.
 */
export const rootsOf = (file: BlendFile, isRoot: (name: string) => boolean): BlendRecord[] => {
  const own = [...idsOf(file)].filter(([name]) => isRoot(name)).map(([, record]) => record);
  if (own.length > 0) {
    return own;
  }
  return file.blocks
    .filter(isLinked)
    .flatMap((block) => recordsOf(file, block))
    .filter((record) => isRoot(record.text('name')));
};

/** What other files link by name, and what versions of Blender do not turn into something else. */
const KEPT_KINDS = /^(OB|GR|MA|ME|WO|SC)/;

/** Which of these data-blocks a library has no more, without the two letters of their kinds. */
export const lostNames = (file: BlendFile, wanted: ReadonlySet<string>): string[] => {
  const own = idsOf(file);
  const onward = file.blocks.filter(isLinked).flatMap((block) => recordsOf(file, block));
  const onwardNames = new Set(onward.map((record) => record.text('name')));
  return [...wanted]
    .filter((name) => KEPT_KINDS.test(name) && !own.has(name) && !onwardNames.has(name))
    .map((name) => name.slice(2));
};

/**
 * Follows the pointers of a file from the given data-blocks, as far as a picture depends on them. Muted and
 * disconnected nodes, hidden objects and pictures to model by do not count.
 */
export const trace = (file: BlendFile, roots: readonly BlendRecord[]): Trace => {
  const uses = new Map<string, FileUse>();
  const reads = new Map<string, SequenceRead[]>();
  const unbaked = new Map<string, Unbaked>();
  const linked = new Map<string, Set<string>>();
  const seen = new Map<string, Depth>();
  const waiting: { record: BlendRecord; depth: Depth }[] = [];
  const hidden = new Set<string>();

  const add = (record: BlendRecord | undefined, depth: Depth = 'whole'): void => {
    const before = record && seen.get(record.key + record.struct.name);
    const isMore =
      before === undefined ||
      (before === 'motion' ? depth !== 'motion' : depth === 'instanced' && before !== depth);
    if (record !== undefined && isMore) {
      seen.set(record.key + record.struct.name, depth);
      waiting.push({ record, depth });
    }
  };

  const addAll = (records: readonly BlendRecord[], depth: Depth = 'whole'): void => {
    for (const record of records) {
      add(record, depth);
    }
  };

  /** Adds everything that the members of a struct lead to. */
  const follow = (record: BlendRecord, depth: Depth, prefix = '', struct = record.struct): void => {
    const skipped = SKIPPED[struct.name] ?? [];
    if (skipped.includes('*')) {
      return;
    }
    for (const { name, pointers, struct: inner } of struct.fields.values()) {
      if (name === 'next' || name === 'prev' || skipped.includes(name)) {
        continue;
      }
      if (depth === 'motion' && prefix === '' && !MOTION.has(name)) {
        continue;
      }
      const path = prefix + name;
      if (inner?.name === 'ListBase') {
        addAll(record.list(path));
      } else if (inner !== undefined) {
        follow(record, 'whole', `${path}.`, inner);
      } else if (pointers === 1) {
        for (const target of record.array(path)) {
          const isInstance = target.struct.name === 'Collection' && struct.name !== 'Scene';
          const how = isInstance ? 'instanced' : 'whole';
          add(target, isMotionOnly(struct.name, name) ? 'motion' : how);
        }
      } else if (pointers === 2) {
        addAll(record.refs(path));
      }
    }
  };

  const addReads = (tree: BlendRecord): void => {
    // Animation may change what a node reads.
    for (const node of tree.isSet('adt') ? [] : shownNodes(tree)) {
      const image = node.ref('id');
      const read = sequenceReadOf(node);
      if (image !== undefined && read !== undefined && !isMuted(node)) {
        for (const use of filesOf(image)) {
          const key = useKey(use);
          reads.set(key, [...(reads.get(key) ?? []), read]);
        }
      }
    }
  };

  const visit = (record: BlendRecord, depth: Depth): void => {
    const { struct } = record;
    switch (struct.name) {
      case 'Scene':
        for (const key of hiddenCollections(record)) {
          hidden.add(key);
        }
        addAll(objectsOnLayers(record));
        add(record.ref('compositing_node_group'));
        if (record.number('use_nodes') !== 0) {
          add(record.ref('nodetree'));
        }
        // R_DOSEQ
        if ((record.number('r.scemode') & 1) !== 0) {
          addAll(record.ref('ed')?.list('seqbase') ?? []);
        }
        break;
      case 'Collection':
        if (hidden.has(record.key) && depth !== 'instanced') {
          return;
        }
        for (const entry of record.list('gobject')) {
          const object = entry.ref('ob');
          if (object !== undefined && (depth === 'instanced' || !isHiddenObject(object))) {
            add(object);
          }
        }
        addAll(
          record
            .list('children')
            .map((entry) => entry.ref('collection'))
            .filter((c) => c !== undefined),
          depth,
        );
        break;
      case 'Object':
        add(record.ref('parent'), 'motion');
        // An empty shows a picture only in the viewport.
        if (record.number('type') === 0 && depth === 'whole') {
          return followWithout(record, 'data');
        }
        break;
      case 'Material':
      case 'World':
      case 'Lamp':
        if (record.number('use_nodes') !== 0 || file.header.version.major >= 5) {
          add(record.ref('nodetree'));
        }
        break;
      case 'bNodeTree':
        addAll(shownNodes(record));
        addReads(record);
        break;
      case 'FluidModifierData':
      case 'DynamicPaintModifierData':
        if (!isRendered(record)) {
          return;
        }
        break;
      case 'bNode':
        if (isMuted(record)) {
          return;
        }
        break;
      case 'Sequence':
        // SEQ_MUTE
        if ((record.number('flag') & 32) !== 0) {
          return;
        }
        break;
      default:
    }
    follow(record, depth);
  };

  const followWithout = (record: BlendRecord, member: string): void => {
    const kept = new Map([...record.struct.fields].filter(([name]) => name !== member));
    follow(record, 'whole', '', { ...record.struct, fields: kept });
  };

  for (const root of roots) {
    // What a library's collection hides, the file that instances it may show.
    add(root, root.struct.name === 'Collection' ? 'instanced' : 'whole');
  }
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { record, depth } = next;
    if (record.struct.name === 'ID') {
      const library = record.ref('lib');
      if (library !== undefined) {
        add(library);
        const path = library.filePath('name');
        linked.set(path, (linked.get(path) ?? new Set()).add(record.text('name')));
      }
      continue;
    }
    for (const use of filesOf(record)) {
      uses.set(useKey(use), use);
    }
    const simulation = unbakedOf(record);
    if (simulation !== undefined) {
      unbaked.set(record.key, simulation);
    }
    visit(record, depth);
  }
  const withReads = [...uses].map(([key, use]) => {
    const found = reads.get(key);
    return found === undefined ? use : { ...use, reads: found };
  });
  return { uses: withReads, unbaked: [...unbaked.values()], linked };
};

/** Pointers whose targets matter only by how they move. */
const isMotionOnly = (struct: string, member: string): boolean =>
  (struct === 'DriverTarget' && member === 'id') ||
  (struct !== 'bShrinkwrapConstraint' &&
    /Constraint(Target)?$/.test(struct) &&
    /^(tar|target|ob)/.test(member));
