import { expect } from 'chai';
import { describe, it } from 'mocha';
import { type BlenderDevice, chooseDevices, offersOf } from './device.ts';
import { parseNvidiaSmi, pciAddress } from './graphics.ts';

const GIB = 2 ** 30;
const card = (backend: BlenderDevice['backend'], id: string, gib: number): BlenderDevice => ({
  backend,
  id,
  name: `card ${id}`,
  memoryBytes: gib * GIB,
});

describe('chooseDevices', () => {
  const cards = [card('CUDA', 'a', 24), card('CUDA', 'b', 8), card('HIP', 'c', 16)];
  const choose = (of: readonly BlenderDevice[], gib: number, slots = 1) =>
    chooseDevices(of, slots, { withCpu: false, deviceMemoryBytes: gib * GIB });

  it('takes all cards of the best backend that has one with enough memory', () => {
    const optix = card('OPTIX', 'a_OptiX', 4);
    expect(choose([...cards, optix], 0)).to.deep.include({ backend: 'OPTIX', ids: ['a_OptiX'] });
    expect(choose([...cards, optix], 8)).to.deep.include({ backend: 'CUDA', ids: ['a', 'b'] });
    expect(choose(cards, 9)).to.deep.include({ backend: 'CUDA', ids: ['a'] });
    expect(choose(cards.slice(1), 9)).to.deep.include({ backend: 'HIP', ids: ['c'] });
    expect(choose(cards, 25)).to.equal(undefined);
  });

  it('divides the memory of a card among the slots, as the mesh is told', () => {
    expect(choose(cards, 12, 2)).to.deep.include({ ids: ['a'] });
    expect(choose(cards, 13, 2)).to.equal(undefined);
    expect(offersOf(cards, 2)[0]).to.deep.equal({
      backend: 'DEVICE_BACKEND_CUDA',
      name: 'card a',
      memoryBytes: 12 * GIB,
    });
  });

  it('takes a card whose memory nobody knows only where none is asked for', () => {
    expect(choose([card('ONEAPI', 'x', 0)], 0)).to.deep.include({ ids: ['x'] });
    expect(choose([card('ONEAPI', 'x', 0)], 1)).to.equal(undefined);
  });
});

describe('offersOf', () => {
  it('keeps the name of a card within the bounds of the protocol', () => {
    const names = ['a\u001B[2J\n', 'x'.repeat(200), ''].map(
      (name) => offersOf([{ ...card('HIP', 'c', 1), name }], 1)[0]?.name,
    );
    expect(names).to.deep.equal(['a[2J', 'x'.repeat(128), 'HIP']);
  });
});

describe('what drivers tell of graphics cards', () => {
  it('has the same PCI address in nvidia-smi and in what Cycles calls the card', () => {
    expect(pciAddress('00000000:0A:00.0')).to.equal('0000:0a:00');
    expect(pciAddress('CUDA_NVIDIA GeForce RTX 3090_0000:0a:00_OptiX')).to.equal('0000:0a:00');
    expect(pciAddress('HIP_AMD Radeon RX 6800_0000:03:00')).to.equal('0000:03:00');
    expect(pciAddress('ONEAPI_Intel')).to.equal(undefined);
  });

  it('is read from nvidia-smi for each card, and one without memory of its own has none', () => {
    const printed =
      '00000000:01:00.0, 24564, 550.54.14\n00000000:0A:00.0, 8192, 550.54.14\n0000000F:01:00.0, [N/A], 580.1\n';
    expect(parseNvidiaSmi(printed)).to.deep.equal({
      memories: { '0000:01:00': 24_564 * 2 ** 20, '0000:0a:00': 8 * GIB },
      drivers: ['550.54.14'],
    });
    expect(parseNvidiaSmi('No devices were found')).to.deep.equal({ memories: {}, drivers: [] });
  });
});
