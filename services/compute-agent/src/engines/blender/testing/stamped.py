"""Makes PATH/a:b/c.blend with pictures and a film beside it, and a stamp with the name of the file: `-- PATH`."""

import os
import subprocess
import sys

import bpy

FOLDER = sys.argv[-1]
SHOT = os.path.join(FOLDER, "a:b")
FILM = os.path.join(SHOT, "d:e.avi")
RED = os.path.join(FOLDER, "red.png")


def shown(image, x):
    bpy.ops.mesh.primitive_plane_add(size=1, location=(x, 0, 0))
    material = bpy.data.materials.new("m")
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    texture, light = nodes.new("ShaderNodeTexImage"), nodes.new("ShaderNodeEmission")
    texture.image = image
    links.new(texture.outputs[0], light.inputs[0])
    links.new(light.outputs[0], nodes["Material Output"].inputs[0])
    bpy.context.object.data.materials.append(material)


os.makedirs(SHOT)
source = "testsrc=size=16x16:rate=24:duration=0.2"
subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-c:v", "ffv1", f"file:{FILM}"], check=True)
bpy.ops.wm.read_factory_settings(use_empty=True)
red = bpy.data.images.new("red", 4, 4)
red.pixels = [1, 0, 0, 1] * 16
red.filepath_raw, red.file_format = RED, "PNG"
red.save()

scene = bpy.context.scene
bpy.ops.wm.save_as_mainfile(filepath=os.path.join(SHOT, "c.blend"))
bpy.ops.object.camera_add(location=(0, 0, 3))
scene.camera = bpy.context.object
shown(bpy.data.images.load(RED), -0.5)
shown(bpy.data.images.load(FILM), 0.5)
scene.render.engine = "CYCLES"
scene.cycles.samples, scene.cycles.use_denoising = 1, False
scene.render.resolution_x, scene.render.resolution_y = 320, 180
render = scene.render
for field in [name for name in dir(render) if name.startswith("use_stamp_")]:
    setattr(render, field, False)
render.use_stamp, render.use_stamp_labels = True, True
render.use_stamp_filename = render.use_stamp_hostname = True
bpy.ops.file.make_paths_relative()
bpy.ops.wm.save_mainfile()
