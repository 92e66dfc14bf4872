import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { systemClock } from '#libs/clock/index.ts';
import { treeUsage } from '#libs/programs/index.ts';
import { commandLines, eventually, needs } from '#libs/testing/index.ts';
import { type ConfinedProcess, type Exit, startConfined } from './confined-process.ts';
import { findSandbox } from './detect.ts';
import { isRoot, sandboxOf, starters } from './fixtures/starters.ts';
import { helperLimits, type Limits } from './limits.ts';
import { type Hardware, NOBODY } from './profile.ts';
import { makeWorkDir, type Sandbox } from './sandbox.ts';

const MIB = 1024 ** 2;
const limits: Limits = {
  ...helperLimits,
  memoryBytes: 128 * MIB,
  addressSpaceBytes: 1024 * MIB,
  processes: 32,
};

/** A command line that no other process on this machine has. */
const sleeper = `sleep 61.${process.pid}`;

/** A group of which nobody is a member. */
const GROUP = 54_321;

for (const who of starters) {
  describe(`a program in the sandbox, started ${who}`, function () {
    before(needs('bwrap'));

    let folder = '';
    let workDir: string;
    let sandbox: Sandbox;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'muster-sandbox-'));
      await chmod(folder, 0o755);
      sandbox = await sandboxOf(who, folder);
    });
    // The folder does not exist if the suite was skipped.
    after(() => (folder === '' ? undefined : rm(folder, { recursive: true, force: true })));

    const start = async (
      script: string,
      over: { limits?: Partial<Limits>; readOnly?: string[]; hardware?: Hardware } = {},
    ): Promise<ConfinedProcess> => {
      workDir = join(folder, 'work');
      await makeWorkDir(sandbox, workDir);
      if (isRoot) {
        await chown(workDir, NOBODY, NOBODY);
      }
      const { readOnly = [], hardware } = over;
      const box = { workDir, readOnly, hardware, limits: { ...limits, ...over.limits } };
      return startConfined(sandbox, box, () => ['/bin/bash', '-c', script], { clock: systemClock });
    };
    const run = async (...args: Parameters<typeof start>): Promise<Exit & { log: string }> => {
      const running = await start(...args);
      return { ...(await running.exited), log: running.log() };
    };

    it('reads what it was given, writes to its work folder, and sees nothing else of the machine', async () => {
      const given = join(folder, 'scene.blend');
      await writeFile(given, 'a scene');
      process.env['MUSTER_SECRET_OF_THE_SPEC'] = 'hunter2';
      const { code, log } = await run(
        'cat /given/0/scene.blend; echo yes > /work/out; env; id -u; hostname; ls -A / /etc',
        {
          readOnly: [given],
        },
      );
      delete process.env['MUSTER_SECRET_OF_THE_SPEC'];
      expect(code, log).to.equal(0);
      expect(await readdir(workDir)).to.deep.equal(['out']);
      expect(log).to.include('a scene').and.to.include('HOME=/work').and.to.include('muster');
      expect(log).not.to.include('hunter2');
      const names = new Set(log.split('\n'));
      for (const name of ['home', 'root', 'run', 'var', 'passwd', 'shadow', 'sys', 'opt', 'mnt']) {
        expect(names.has(name), name).to.equal(false);
      }
    });

    it('uses a card of this machine, with its groups and without limit of addresses, only if that is given', async function () {
      if (!isRoot) {
        this.skip();
      }
      const card = join(folder, 'card');
      const driver = join(folder, 'driver');
      await mkdir(driver);
      await writeFile(join(driver, 'lib'), 'of the driver\n');
      const asRoot = who === 'as root';
      // Like /dev/zero. The user of the other case is in no group.
      await promisify(execFile)('mknod', ['-m', asRoot ? '660' : '666', card, 'c', '1', '5']);
      await chown(card, 0, GROUP);
      try {
        const look = `head -c 3 ${card} | od -An -tu1; ls /sys; cat ${driver}/lib; ulimit -v; echo x > /sys/power/state && echo WROTE`;
        const hardware = { nodes: [card], folders: [driver], groups: [GROUP] };
        const { log } = await run(look, { hardware, limits: { addressSpaceBytes: Infinity } });
        expect(log)
          .to.match(/0 +0 +0/)
          .and.to.match(/^bus$/m)
          .and.to.match(/^unlimited$/m);
        expect(log).to.include('of the driver').and.not.to.include('WROTE');
        const without = await run(look);
        expect(without.log).not.to.match(/0 +0 +0|^bus$|^unlimited$|of the driver/m);
      } finally {
        await Promise.all([rm(card), rm(driver, { recursive: true })]);
      }
    });

    it('has no network, not even to this machine', async () => {
      let calls = 0;
      const server = createServer((socket) => {
        calls += 1;
        socket.destroy();
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      const { log } = await run(`(echo > /dev/tcp/127.0.0.1/${port}) && echo REACHED; echo tried`);
      await new Promise((resolve) => server.close(resolve));
      expect(calls).to.equal(0);
      expect(log).to.include('tried').and.not.to.include('REACHED');
    });

    it('cannot read the users of this machine, their files or our own', async () => {
      const secret = join(folder, 'secret');
      await writeFile(secret, 'hunter2', { mode: 0o644 });
      const { log } = await run(
        `cat /etc/passwd /etc/shadow ${secret} /proc/1/root${secret} /proc/1/environ ~root/.profile; ls /root /home; ln -s ${secret} l; cat l; echo tried`,
      );
      expect(log).to.include('tried').and.not.to.include('hunter2').and.not.to.include('root:x:');
    });

    it('can write only to its work folder and a small /tmp', async () => {
      const given = join(folder, 'given');
      await mkdir(given, { recursive: true });
      const { log } = await run(
        'for f in /x /dev/x /usr/x /given/0/given/x /etc/x /proc/sys/kernel/hostname; do echo x 2>/dev/null > $f && echo "WROTE $f"; done; ' +
          'dd if=/dev/zero of=/tmp/x bs=1M count=20 2>&1 | grep -o "No space"; dd if=/dev/zero of=/dev/shm/x bs=1M count=20 2>&1 | grep -o "No space"',
        { readOnly: [given], limits: { tmpBytes: 8 * MIB } },
      );
      expect(log).not.to.include('WROTE');
      expect(log.match(/No space/g)).to.have.length(2);
    });

    it('cannot get privileges or new namespaces, or reach processes outside', async () => {
      const bystander = spawn('/bin/sleep', ['30'], { detached: true });
      const { log } = await run(
        'grep -E "CapEff|CapBnd|NoNewPrivs" /proc/self/status; unshare -U true && echo NAMESPACE; mount -t tmpfs x /tmp && echo MOUNTED; ' +
          `chroot / true && echo CHROOT; kill -9 ${bystander.pid} && echo KILLED; ls /proc | grep -c '^[0-9]'`,
      );
      expect(bystander.exitCode).to.equal(null);
      bystander.kill('SIGKILL');
      expect(log)
        .to.match(/CapEff:\s0+\n/)
        .and.to.match(/CapBnd:\s0+\n/)
        .and.to.match(/NoNewPrivs:\s1/);
      expect(log).not.to.match(/^(NAMESPACE|MOUNTED|CHROOT|KILLED)$/m);
    });

    it('cannot start more processes than its limit, and all of them end with it', async () => {
      const running = await start('bomb() { bomb | bomb & }; bomb; sleep 60');
      const seen: number[] = [];
      await eventually(
        async () => {
          seen.push((await treeUsage(running.pid)).processes);
          expect(running.log()).to.include('Resource temporarily unavailable');
        },
        { withinMs: 15_000 },
      );
      // In addition to the counted ones: bubblewrap's own, at most two for each of its two steps.
      expect(Math.max(...seen)).to.be.at.most(limits.processes + 4);
      const tree = running.pid;
      const asked = performance.now();
      await running.kill();
      expect(performance.now() - asked).to.be.below(1_000);
      expect((await treeUsage(tree)).processes).to.equal(0);
    });

    it('is ended when it exceeds its memory, also with many processes together', async () => {
      const eat = `python3 -c "import time; x = bytearray(${60 * MIB}); x[::4096] = b'1' * len(x[::4096]); time.sleep(30)"`;
      const { excess, signal } = await run(`${eat} & ${eat} & ${eat} & wait`);
      expect(signal).to.equal('SIGKILL');
      expect(excess?.of).to.equal('memory');
      const { log } = await run(`python3 -c "bytearray(${2_000 * MIB})"`);
      expect(log).to.include('MemoryError');
    });

    it('is ended when it fills its work folder, and cannot write a file beyond its limit', async () => {
      const { excess } = await run(
        'for i in $(seq 100); do dd if=/dev/zero of=f$i bs=1M count=4 status=none; sleep 0.05; done',
        {
          limits: { workDirBytes: 32 * MIB },
        },
      );
      expect(excess?.of).to.equal('disk');
      const { log } = await run('dd if=/dev/zero of=f bs=1M count=20; ls -l f', {
        limits: { fileBytes: 8 * MIB },
      });
      expect(log).to.match(/ 8388608 /);
    });

    it('leaves nothing behind when the process that started it is killed', async () => {
      const work = join(folder, 'work');
      await makeWorkDir(sandbox, work);
      if (isRoot) {
        await chown(work, NOBODY, NOBODY);
      }
      const starter = `
        import { startConfined } from '${new URL('./index.ts', import.meta.url).href}';
        import { systemClock } from '#libs/clock/index.ts';
        const box = ${JSON.stringify({ workDir: work, readOnly: [], limits })};
        const onOutput = (chunk) => process.stdout.write(chunk);
        startConfined(${JSON.stringify(sandbox)}, box, () => ['/bin/bash', '-c', 'echo up; ${sleeper} & ${sleeper}'], { clock: systemClock, onOutput });`;
      const agent = spawn(process.execPath, ['--input-type=module', '-e', starter], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(agent.stdout, 'data');
      await eventually(async () =>
        expect([...(await commandLines()).values()]).to.include(sleeper),
      );
      agent.kill('SIGKILL');
      await eventually(
        async () => expect([...(await commandLines()).values()]).not.to.include(sleeper),
        {
          withinMs: 2_000,
        },
      );
    });

    it('runs at nice 10', async () => {
      const { log } = await run('nice');
      expect(log.trim()).to.equal('10');
    });
  });
}

describe('findSandbox', () => {
  it('refuses and says what to do if bubblewrap is missing or does not work, unless that is accepted', async () => {
    for (const program of ['/nonexistent/bwrap', '/bin/false']) {
      const error: unknown = await findSandbox({ noSandbox: false, program }).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).to.have.property('reason', 'SANDBOX_MISSING');
      expect(error)
        .to.have.property('message')
        .that.matches(/bubblewrap.*--no-sandbox/);
    }
    expect(await findSandbox({ noSandbox: true, program: '/nonexistent/bwrap' })).to.deep.equal({
      kind: 'none',
    });
  });
});
