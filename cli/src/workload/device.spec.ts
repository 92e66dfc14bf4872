import { expect } from 'chai';
import { describe, it } from 'mocha';
import { RenderDevice } from '#libs/contracts/common.ts';
import { parseSize } from '../options.ts';
import { checkDevice, devicesOf, deviceWords } from './device.ts';

const GIB = 2 ** 30;
const refusal = (check: () => unknown): string => {
  try {
    check();
    return 'accepted';
  } catch (error) {
    return String(error);
  }
};

describe('--device', () => {
  it('takes the memory of a graphics card, and no tiles, only with one', () => {
    const whole = { tiles: 0, tilesIfSlow: false };
    const split = { tiles: 8, tilesIfSlow: false };
    const check = (...asked: Parameters<typeof checkDevice>) =>
      refusal(() => checkDevice(...asked));
    expect(check({ device: 'gpu', deviceMemory: GIB }, whole)).to.equal('accepted');
    expect(check({ device: 'cpu' }, split)).to.equal('accepted');
    expect(check({ device: 'both' }, { ...split, tilesIfSlow: true })).to.equal('accepted');
    expect(check({ device: 'cpu', deviceMemory: GIB }, whole)).to.contain('--device-memory is for');
    expect(check({ device: 'both' }, split)).to.contain('--tiles is for --device cpu');
  });

  it('reads sizes, and refuses what is none', () => {
    expect(['512MiB', '8GiB', '1.5GiB'].map(parseSize)).to.deep.equal([
      GIB / 2,
      8 * GIB,
      1.5 * GIB,
    ]);
    for (const text of ['8', '8GB', '0GiB', '-1GiB', '', '1e3GiB', '8GiB ']) {
      expect(
        refusal(() => parseSize(text)),
        text,
      ).to.contain('write 512MiB or 8GiB');
    }
  });

  it('is shown by show if it is no processor', () => {
    expect(deviceWords({ device: RenderDevice.CPU, deviceMemoryBytes: 0 })).to.equal('');
    expect(deviceWords({ device: RenderDevice.GPU, deviceMemoryBytes: 0 })).to.equal('gpu');
    expect(deviceWords({ device: RenderDevice.BOTH, deviceMemoryBytes: 8 * GIB })).to.equal(
      'gpu and cpu, at least 8.0 GiB',
    );
  });
});

describe('the graphics cards of a user', () => {
  it('are told once each, with their memory if that is known, and do not steer the terminal', () => {
    const card = {
      backend: 'DEVICE_BACKEND_OPTIX',
      name: 'NVIDIA X',
      memoryBytes: 8 * GIB,
    } as const;
    const other = {
      backend: 'DEVICE_BACKEND_ONEAPI',
      name: 'Arc\u001B[2J',
      memoryBytes: 0,
    } as const;
    const told = devicesOf([{ devices: [card, other] }, { devices: [card] }, { devices: [] }]);
    expect(told).to.equal('OPTIX NVIDIA X 8.0 GiB, ONEAPI Arc\\x1b[2J memory not known');
  });
});
