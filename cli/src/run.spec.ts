import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { createSigningKey, createVerifier } from '#libs/auth/index.ts';
import { systemClock } from '#libs/clock/index.ts';
import { tempDir, type TempDir } from '#libs/testing/index.ts';
import { jsonLines, runCli } from './fixtures/test-cli.ts';

describe('muster', () => {
  let dir: TempDir;
  before(async () => {
    dir = await tempDir();
    // Port 1 of this machine: nobody listens there.
    const target = 'ipv4:127.0.0.1:1';
    const endpoints = { session: target, user: target, port: target, blob: target };
    const context = { endpoints, tokens: { customer: 'c', operator: 'o' }, ca: null };
    await writeFile(join(dir.path, 'context.json'), JSON.stringify(context));
  });
  after(() => dir[Symbol.asyncDispose]());

  const muster = (...argv: string[]) => runCli(argv, { cwd: dir.path });

  it('ends with 2 and says why on standard error when the command line is wrong', async () => {
    for (const argv of [
      [],
      ['nope'],
      ['show', '--nope'],
      ['log', 'w-1'],
      ['render', 'a', '--users', 'x'],
      ['render', 'a', '--device', 'tpu'],
      ['render', 'a', '--device-memory', '8GiB'],
      ['render', 'a', '--device', 'gpu', '--tiles', '4'],
      ['--as', 'me', 'show'],
    ]) {
      const { code, stdout, stderr } = await muster(...argv);
      expect([code, stdout], argv.join(' ')).to.deep.equal([2, '']);
      expect(stderr, argv.join(' ')).to.match(/muster: .+\n$/);
    }
  });

  it('names wrong frames, an unknown engine and an unfit contact sheet before it reads the file', async () => {
    const frames = await muster('render', 'missing.blend', '--frames', '1-10y2');
    expect(frames.code).to.equal(2);
    expect(frames.stderr).to.contain('at character 5');
    const engine = await muster('render', 'missing.blend', '--engine', 'luxcore');
    expect(engine.code).to.equal(2);
    expect(engine.stderr).to.contain("has 'luxcore'; choose CYCLES");
    const sheet = await muster('render', 'missing.blend', '--contact-sheet', 'sheet.bmp');
    expect(sheet.code).to.equal(2);
    expect(sheet.stderr).to.contain("'sheet.bmp' ends in neither .png nor .jpg");
  });

  it('ends with 2 without a context, and for input that cannot be read', async () => {
    expect((await muster('show', 'w-1')).code).to.equal(2);
    for (const file of ['missing.blend', '.']) {
      expect((await muster('render', file, '--context', 'context.json')).code, file).to.equal(2);
    }
  });

  it('ends with 3 when nobody answers', async () => {
    const { code, stderr } = await muster('show', 'w-1', '--context', 'context.json');
    expect(code).to.equal(3);
    expect(stderr).to.include('`muster up`');
  });

  it('ends with 0 for help, which names every command', async () => {
    const { code, stdout } = await muster('--help');
    expect(code).to.equal(0);
    const commands =
      'up down agent render workloads show watch stop pause resume users-wanted results log why call users machines customers token status';
    for (const name of commands.split(' ')) {
      expect(stdout).to.match(new RegExp(`^  ${name}\\b`, 'm'));
    }
  });

  it('writes an error as one line of JSON with --json, wherever that stands', async () => {
    for (const argv of [
      ['--json', 'show', 'w-1'],
      ['show', 'w-1', '--json'],
      ['show', '--nope', '--json'],
    ]) {
      const { stdout, stderr } = await muster(...argv);
      expect(stdout).to.equal('');
      const lines = jsonLines(stderr);
      expect(lines).to.have.lengthOf(1);
      expect(lines[0]?.['error']).to.include.keys('code', 'reason', 'message');
      expect(lines[0]?.['error']).to.have.property('code', 'INVALID_ARGUMENT');
    }
  });

  it('accepts the commands about a workload under `workloads` too', async () => {
    const { code } = await muster('workloads', 'show', 'w-1', '--context', 'context.json');
    expect(code).to.equal(3);
  });

  describe('token create', () => {
    it('signs a token that the mesh of the key accepts', async () => {
      const { privateJwk, publicJwk } = await createSigningKey(['customer', 'agent']);
      const [key, jwks] = [join(dir.path, 'key.json'), join(dir.path, 'jwks.json')];
      await writeFile(key, JSON.stringify(privateJwk));
      await writeFile(jwks, JSON.stringify({ keys: [publicJwk] }));
      const verify = createVerifier({
        jwks,
        issuer: 'muster',
        audience: 'muster',
        clock: systemClock,
      });
      const callerOf = async (token: string) => {
        const { expireTimeMs = 0, ...caller } = await verify(token);
        return { ...caller, hours: Math.round((expireTimeMs - Date.now()) / 3_600_000) };
      };

      const plain = await muster(
        'token',
        'create',
        '--role',
        'customer',
        '--subject',
        'ann',
        '--key',
        'key.json',
      );
      expect(await callerOf(plain.stdout.trim())).to.deep.equal({
        role: 'customer',
        subject: 'ann',
        hours: 30 * 24,
      });
      const agent = ['--role', 'agent', '--subject', 'm-1', '--ttl', '12h', '--key', key, '--json'];
      const [answer] = jsonLines((await muster('token', 'create', ...agent)).stdout);
      expect(await callerOf(String(answer?.['token']))).to.deep.equal({
        hours: 12,
        role: 'agent',
        subject: 'm-1',
        machine: 'm-1',
      });
    });

    it('refuses roles that the key may not sign, unknown roles and services, and malformed times', async () => {
      const { privateJwk } = await createSigningKey(['customer', 'service']);
      await writeFile(join(dir.path, 'key.json'), JSON.stringify(privateJwk));
      for (const wrong of [
        ['operator'],
        ['service'],
        ['boss'],
        ['customer', '--ttl', '30'],
        ['customer', '--machine', 'm'],
      ]) {
        const { code } = await muster(
          'token',
          'create',
          '--key',
          'key.json',
          '--subject',
          's',
          '--role',
          ...wrong,
        );
        expect(code, wrong.join(' ')).to.equal(2);
      }
    });
  });
});
