import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Device, Hello } from '#libs/contracts/agent.ts';
import { DomainError } from '#libs/errors/index.ts';
import { attemptOf, heldOf, helloOf } from '../fixtures/agent.ts';
import { parseHello } from './hello.ts';

const wrongFields = (hello: Partial<Hello>): string[] => {
  try {
    parseHello(helloOf({ hello }));
    return [];
  } catch (thrown) {
    return thrown instanceof DomainError ? thrown.violations.map(({ field }) => field) : ['?'];
  }
};

describe('parseHello', () => {
  it('accepts a valid hello', () => {
    expect(parseHello(helloOf({ slots: 3 }))).to.deep.include({ slots: 3, agentVersion: '1.0' });
    expect(wrongFields({ held: [heldOf('w-1', [attemptOf('frames/1', '0-1')])] })).to.deep.equal(
      [],
    );
  });

  it('names everything that is wrong at once', () => {
    expect(
      wrongFields({ slots: 0, agentVersion: 'x'.repeat(65), capability: undefined }),
    ).to.deep.equal(['hello.slots', 'hello.agent_version', 'hello.capability']);
    expect(wrongFields({ slots: 257 })).to.deep.equal(['hello.slots']);
    const capability = helloOf().capability!;
    expect(
      wrongFields({
        capability: {
          ...capability,
          cpus: 0,
          engines: [{ name: 'a b', version: 'x\n', devices: [] }],
        },
      }),
    ).to.deep.equal([
      'hello.capability.cpus',
      'hello.capability.engines[0].name',
      'hello.capability.engines[0].version',
    ]);
    const devices = (each: Partial<Device>, count = 1): string[] => {
      const device: Device = { backend: 'DEVICE_BACKEND_HIP', name: 'X', memoryBytes: 0, ...each };
      const many = Array.from({ length: count }, () => device);
      const engine = { name: 'CYCLES', version: '5', devices: many };
      return wrongFields({ capability: { ...capability, engines: [engine] } });
    };
    expect(devices({ name: 'AMD Radeon™ RX 6800' }, 64)).to.deep.equal([]);
    expect(devices({}, 65)).to.deep.equal(['hello.capability.engines[0].devices']);
    for (const name of ['', 'a\u001B[2J', 'x'.repeat(129)]) {
      expect(devices({ name })).to.deep.equal(['hello.capability.engines[0].devices[0].name']);
    }
    expect(wrongFields({ held: [heldOf('w 1', [])] })).to.deep.equal(['hello.held[0].workload_id']);
  });
});
