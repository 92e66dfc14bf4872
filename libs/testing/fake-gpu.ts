import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const MIB = 2 ** 20;

/** Has Cycles tell of a graphics card that is not there. What is rendered with it, Cycles renders with the processors. */
const prelude = (name: string, isBroken: boolean): string => `
import os
import runpy
import sys
import bpy
import _cycles
real = _cycles.available_devices
types = _cycles.get_device_types()
card = (${JSON.stringify(name)}, "OPTIX", ${JSON.stringify(`CUDA_${name}_0000:01:00_OptiX`)})
def available(kind=""):
    devices = real(kind)
    return ((*card, *devices[0][3:]), *devices) if kind == "OPTIX" else devices
_cycles.available_devices = available
_cycles.get_device_types = lambda: (types[0], True, *types[2:])
@bpy.app.handlers.persistent
def die(scene, _=None):
    if ${isBroken ? 'scene.cycles.device == "GPU"' : 'False'}:
        os._exit(7)
bpy.app.handlers.render_pre.append(die)
if sys.argv[0] == __file__:
    # A Blender that is a Python module runs the first script alone.
    runpy.run_path(sys.argv[sys.argv.index("--python", 2) + 1], run_name="__main__")
`;

const scripts = (program: string, memoryBytes: number) => ({
  blender: `exec ${program} --python "$(dirname "$0")/prelude.py" "$@"`,
  'nvidia-smi': `echo "00000000:01:00.0, ${memoryBytes / MIB}, 550.54.14"`,
});

/**
 * Makes a Blender in a folder whose Cycles tells of an NVIDIA card for OptiX, and the nvidia-smi that knows its memory. The folder
 * has to come first in PATH.
 *
 * @param memoryBytes whole MiB
 * @param program the real Blender; none outside of /usr works in a sandbox
 * @param isBroken whether Blender dies when it renders with the card
 */
export const makeFakeGpu = async (
  folder: string,
  {
    name,
    memoryBytes,
    isBroken = false,
    program = '/usr/bin/blender',
  }: { name: string; memoryBytes: number; isBroken?: boolean; program?: string },
): Promise<{ blender: string }> => {
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o755);
  await writeFile(join(folder, 'prelude.py'), prelude(name, isBroken));
  for (const [file, line] of Object.entries(scripts(program, memoryBytes))) {
    await writeFile(join(folder, file), `#!/bin/sh\n${line}\n`);
    await chmod(join(folder, file), 0o755);
  }
  return { blender: join(folder, 'blender') };
};
