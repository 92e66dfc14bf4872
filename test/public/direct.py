"""Renders frames of the open file with this Blender alone. After `--`: samples, percent, the start of the paths, frames."""
import sys

import bpy

samples, percent, target, *frames = sys.argv[sys.argv.index('--') + 1:]
scene = bpy.context.scene
render = scene.render
render.engine = 'CYCLES'
scene.cycles.samples = int(samples)
render.resolution_percentage = int(percent)
if hasattr(render.image_settings, 'media_type'):
    render.image_settings.media_type = 'IMAGE'
render.image_settings.file_format = 'PNG'
for frame in map(int, frames):
    scene.frame_set(frame)
    render.filepath = f'{target}{frame:04d}.png'
    bpy.ops.render.render(write_still=True)
