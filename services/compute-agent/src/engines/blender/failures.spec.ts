import { expect } from 'chai';
import { describe, it } from 'mocha';
import { failureOfRefusal, failureOfTrouble, failureOn } from './failures.ts';

const CARD = 'OPTIX: NVIDIA GeForce RTX 4090';

describe('a frame that failed on a graphics card', () => {
  const failure = (reason: string, device = CARD) => {
    const failed = failureOfRefusal(
      { ok: false, failure: 'RENDER_ERROR', reason, names: [] },
      'log',
      1,
    );
    const { failureClass, reason: told } = failureOn(device, failed);
    return [failureClass, told];
  };

  it('goes to another machine if the card or its driver is at fault, which is said', () => {
    for (const reason of [
      'Illegal address in CUDA queue copy_from_device (integrator_shade_surface)',
      'Failed to load OptiX kernel from ‘/x.ptx.gz’',
      'HIP error: hipErrorNoBinaryForGpu',
      'oneAPI kernel "integrator_init" execution error',
    ]) {
      expect(failure(reason)).to.deep.equal(['AGENT_ERROR', `${CARD}: ${reason}`]);
      expect(failure(reason, 'CPU')).to.deep.equal(['RENDER_ERROR', reason]);
    }
  });

  it('goes to a larger card if memory ran out', () => {
    for (const reason of [
      'System is out of GPU memory',
      'System is out of GPU and shared host memory',
      'Out of memory in cuMemAlloc_v2(&device_pointer, size)',
    ]) {
      expect(failure(reason)).to.deep.equal(['OUT_OF_MEMORY', reason]);
    }
  });

  it('counts against the frame if the scene is at fault', () => {
    const reason = 'Cannot render, no camera';
    expect(failure(reason)).to.deep.equal(['RENDER_ERROR', reason]);
  });
});

describe('a renderer that ended', () => {
  const told = (code: number | null, signal: NodeJS.Signals | null = null) =>
    failureOfTrouble(
      { kind: 'died', exit: { code, signal, excess: undefined }, begun: true },
      '',
      1,
    );

  it('is told by its exit code, or by the signal that ended it inside or outside of bubblewrap', () => {
    for (const [code, signal, reason] of [
      [1, null, 'Blender ended with exit code 1'],
      [128, null, 'Blender ended with exit code 128'],
      [139, null, 'Blender was ended by signal SIGSEGV'],
      [162, null, 'Blender was ended by signal 34'],
      [192, null, 'Blender was ended by signal 64'],
      [193, null, 'Blender ended with exit code 193'],
      [255, null, 'Blender ended with exit code 255'],
      [null, 'SIGKILL', 'Blender was ended by signal SIGKILL'],
    ] as const) {
      expect(told(code, signal)).to.include({ failureClass: 'RENDERER_DIED', reason });
    }
  });
});
