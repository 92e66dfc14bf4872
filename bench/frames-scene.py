"""Builds the scenes of bench/frames.ts: blender --background --factory-startup --python frames-scene.py -- FOLDER COUNT

Each is 48 frames of 320×180 with 8 samples: a camera drives around forty cubes. They differ only in Cycles' seed, because a
renderer that is still open with the same bytes would have an advantage.
"""

import math
import os
import sys

import bpy

FRAMES = 48
folder, count = sys.argv[sys.argv.index("--") + 1 :]

bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene
scene.world = bpy.data.worlds.new("sky")
for i in range(40):
    bpy.ops.mesh.primitive_cube_add(size=0.8, location=(i % 8 - 3.5, i // 8 - 2, (i * 7 % 5) / 4))
    paint = bpy.data.materials.new("paint")
    paint.diffuse_color = (i / 40, 0.4, 1 - i / 40, 1)
    bpy.context.object.data.materials.append(paint)
bpy.ops.object.light_add(type="SUN", rotation=(0.6, 0.2, 0))
pivot = bpy.data.objects.new("pivot", None)
camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
camera.parent, camera.location, camera.rotation_euler = pivot, (0, -11, 7), (math.radians(58), 0, 0)
for made in (pivot, camera):
    scene.collection.objects.link(made)
scene.camera = camera
for frame, turn in ((1, 0), (FRAMES, math.tau)):
    pivot.rotation_euler.z = turn
    pivot.keyframe_insert("rotation_euler", frame=frame)
scene.frame_start, scene.frame_end = 1, FRAMES
scene.render.engine = "CYCLES"
scene.render.resolution_x, scene.render.resolution_y = 320, 180
scene.cycles.samples, scene.cycles.use_denoising = 8, False
for seed in range(int(count)):
    scene.cycles.seed = seed
    bpy.ops.wm.save_as_mainfile(filepath=os.path.join(folder, f"{seed}.blend"), check_existing=False)
