import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { accessTable } from '#libs/auth/index.ts';
import { descriptorImage } from '#libs/contracts/image.ts';
import { DomainError, invalidFields, status } from '#libs/errors/index.ts';
import { COMMANDS, inCommands, OPTIONS } from './api-words.ts';

const services = fileURLToPath(new URL('../../services', import.meta.url));

/** The texts of a module: lines with quotes that are neither comments nor imports. */
const linesOfText = (source: string): string[] =>
  source
    .split('\n')
    .filter(
      (line) => /['"`]/.test(line) && !/^\s*(?:\/\/|\/?\*|import\b|export .* from)/.test(line),
    );

const rpcsNamed = async (): Promise<Set<string>> => {
  const paths = [...accessTable(descriptorImage()).keys()];
  const rpcs = new Set(paths.map((path) => path.slice(path.lastIndexOf('/') + 1)));
  const entries = await readdir(services, { recursive: true });
  const modules = entries.filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'));
  const sources = await Promise.all(modules.map((name) => readFile(join(services, name), 'utf8')));
  const words = sources
    .flatMap(linesOfText)
    .flatMap((line) => [...line.matchAll(/(['"`])(.*)\1|(`.*)/g)])
    .flatMap(([, , quoted, open]) => (quoted ?? open ?? '').match(/\b[A-Z][A-Za-z]+\b/g) ?? []);
  return new Set(words.filter((word) => rpcs.has(word)));
};

describe('what services say of their API', () => {
  const error = (message: string, metadata = {}): DomainError =>
    new DomainError(status.NOT_FOUND, 'NOT_THERE', message, metadata);

  it('names only rpcs that have a command', async () => {
    const named = await rpcsNamed();
    expect([...named]).to.include.members(['ListWorkloads', 'ListTasks', 'SetWebhook']);
    expect(Object.keys(COMMANDS)).to.include.members([...named]);
  });

  it('names only fields of a render that have an option', () => {
    const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorImage()));
    const fields = registry.getMessage('muster.common.v1.RenderSpec')?.fields ?? [];
    // `muster render` leaves these two to the mesh.
    const own = fields.filter(({ name }) => name !== 'max_failures' && name !== 'max_losses');
    expect(own).not.to.have.lengthOf(0);
    expect(Object.keys(OPTIONS)).to.include.members(own.map(({ name }) => `render.${name}`));
  });

  it('becomes commands, with the id of the workload where that is known', () => {
    const said = (message: string, metadata = {}) => inCommands(error(message, metadata)).message;
    expect(said('no workload w-1; list them with ListWorkloads', { workload: 'w-1' })).to.equal(
      'no workload w-1; list them with `muster workloads`',
    );
    expect(said('no task 2; list them with ListTasks', { workload: 'w-1' })).to.equal(
      'no task 2; list them with `muster show w-1`',
    );
    expect(said('see ListTasks')).to.equal('see `muster show ID`');
    expect(said('upload it and call ObjectService.CreateObject')).to.equal(
      'upload it and call `muster render`',
    );
  });

  it('becomes options, each wrong one', () => {
    const wrong = invalidFields([
      { field: 'render.engine', description: 'must be one of CYCLES, or empty' },
      { field: 'render.device', description: 'is unknown' },
      {
        field: 'workload_id',
        description: 'give workload_id, or customer_id for the one that runs',
      },
    ]);
    const told = inCommands(wrong);
    expect(told.message).to.equal(
      '--engine: must be one of CYCLES, or left out; --device: is unknown; ID: give ID, or --customer for the one that runs',
    );
    expect(told).to.include({ code: wrong.code, reason: wrong.reason });
    expect(told.violations).to.deep.equal(wrong.violations);
  });

  it('stays where it is a name of somebody', () => {
    for (const message of ['/home/Upload/a.blend is gone', 'no file Download.png', 'my-Upload']) {
      expect(inCommands(error(message)).message).to.equal(message);
    }
  });
});
