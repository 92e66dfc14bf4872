"""Makes PATH/outer.blend and the inner.blend that it links, full of Python for the renderer: `-- PATH`."""

import os
import sys

import bpy

FOLDER = sys.argv[-1]
# Each tells its way in. Names have at most 63 characters and, because Blender escapes them, no quotes.
SPOKEN = "print('INTRUDED by {}', flush=True)\n"


def spelled(word):
    return f"print(*map(chr,({','.join(str(ord(letter)) for letter in word)})))"


def script(way, name=None):
    text = bpy.data.texts.new(name or f"{way}.py")
    text.write(SPOKEN.format(way))
    return text


def fresh():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.object.camera_add(location=(0, -6, 0), rotation=(1.5708, 0, 0))
    scene.camera = bpy.context.object
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = 1, False
    scene.render.resolution_x, scene.render.resolution_y = 32, 18
    scene.render.use_freestyle = True
    return scene


def lines(layer, name="LineSet"):
    found = layer.freestyle_settings.linesets
    each = found[0] if len(found) else found.new(name)
    each.linestyle = each.linestyle or bpy.data.linestyles.new("l")
    each.name = name


def module(layer, text):
    made = layer.freestyle_settings.modules.new()
    made.script, made.use = text, True


def save(name):
    bpy.ops.wm.save_as_mainfile(filepath=os.path.join(FOLDER, f"{name}.blend"))


os.makedirs(FOLDER, exist_ok=True)
scene = fresh()
scene.name, scene.view_layers[0].name = "inner", "inner"
scene.view_layers[0].freestyle_settings.mode = "SCRIPT"
module(scene.view_layers[0], script("a linked scene"))
# Ends the text that Blender makes of a line set's name.
lines(scene.view_layers.new("named"), f"\\',{spelled('SET')})#")
save("inner")

scene = fresh()
layer = scene.view_layers[0]
scene.name, layer.name = "outer", "scripted"
layer.freestyle_settings.mode = "SCRIPT"
module(layer, script("a style module"))
# Makes the name of the line set the code.
lines(scene.view_layers.new("\\"), f",{spelled('LAYER')})#")
layer = scene.view_layers.new("animated")
module(layer, script("a frame of an animation"))
settings = layer.freestyle_settings
for frame, settings.mode in ((1, "SCRIPT"), (2, "EDITOR")):
    scene.keyframe_insert('view_layers["animated"].freestyle_settings.mode', frame=frame)
lines(scene.view_layers.new("honest"))
script("a registered text", "registered.py").use_module = True
for way in ("print('INTRUDED by a driver') or 1", "__import__('os').system('echo INTRUDED') or 1"):
    driver = scene.objects[0].driver_add("location", 1 if "os" in way else 2).driver
    driver.type, driver.expression = "SCRIPTED", way
with bpy.data.libraries.load(os.path.join(FOLDER, "inner.blend"), link=True) as (_, linked):
    linked.scenes = ["inner"]
scene.use_nodes = True
nodes, links = scene.node_tree.nodes, scene.node_tree.links
other, mixed = nodes.new("CompositorNodeRLayers"), nodes.new("CompositorNodeMixRGB")
other.scene = bpy.data.scenes["inner"]
for number, node in enumerate((nodes["Render Layers"], other)):
    links.new(node.outputs[0], mixed.inputs[1 + number])
links.new(mixed.outputs[0], nodes["Composite"].inputs[0])
bpy.ops.file.make_paths_relative()
save("outer")
