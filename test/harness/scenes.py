"""Writes the scenes of the whole-mesh tests: blender --background --factory-startup --python scenes.py -- FOLDER"""

import os
import sys

import bpy

FOLDER = sys.argv[sys.argv.index("--") + 1]


def fresh():
    bpy.ops.wm.read_factory_settings(use_empty=False)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.resolution_x, scene.render.resolution_y = 96, 64
    scene.cycles.samples = 8
    scene.cycles.use_denoising = False
    scene.frame_start, scene.frame_end = 0, 11
    return scene


def animate(target, path, first, last, index):
    for frame, value in ((0, first), (11, last)):
        getattr(target, path)[index] = value
        target.keyframe_insert(path, index=index, frame=frame)


def save(name):
    bpy.ops.wm.save_as_mainfile(filepath=os.path.join(FOLDER, name + ".blend"), check_existing=False)


def animated():
    """Begins at frame 0; no two frames are alike."""
    fresh()
    animate(bpy.data.objects["Cube"], "rotation_euler", 0.0, 2.5, 2)
    animate(bpy.data.objects["Camera"], "location", 7.3, 6.0, 0)
    save("animated")


def missing():
    """Refers to a picture that is not there."""
    fresh()
    cube = bpy.data.objects["Cube"]
    paint = bpy.data.materials.new("paint")
    paint.use_nodes = True
    picture = os.path.join(FOLDER, "world_map.png")
    bpy.data.images.new("made", 8, 8).save(filepath=picture)
    texture = paint.node_tree.nodes.new("ShaderNodeTexImage")
    texture.image = bpy.data.images.load(picture)
    texture.image.filepath = "//../earth/world_map.png"
    paint.node_tree.links.new(texture.outputs[0], paint.node_tree.nodes["Principled BSDF"].inputs[0])
    cube.data.materials.clear()
    cube.data.materials.append(paint)
    save("missing")


def draped():
    """A cloth falls over a cube. It is not baked; a copy is."""
    scene = fresh()
    scene.frame_start, scene.frame_end = 1, 4
    bpy.data.objects["Cube"].modifiers.new("Collision", "COLLISION")
    bpy.ops.mesh.primitive_grid_add(x_subdivisions=9, y_subdivisions=9, size=3, location=(0, 0, 1.5))
    bpy.context.object.modifiers.new("Cloth", "CLOTH").point_cache.frame_end = 5
    save("draped")
    bpy.ops.ptcache.bake_all(bake=True)
    save("draped-baked")


def composited():
    """Its compositor changes what it renders, by a pass too."""
    scene = fresh()
    scene.view_layers[0].use_pass_normal = True
    scene.use_nodes = True
    nodes, links = scene.node_tree.nodes, scene.node_tree.links
    layers, blur, mix = nodes["Render Layers"], nodes.new("CompositorNodeBlur"), nodes.new("CompositorNodeMixRGB")
    blur.size_x = blur.size_y = 7
    mix.inputs["Fac"].default_value = 0.5
    links.new(layers.outputs["Image"], blur.inputs["Image"])
    links.new(blur.outputs["Image"], mix.inputs[1])
    links.new(layers.outputs["Normal"], mix.inputs[2])
    links.new(mix.outputs["Image"], nodes["Composite"].inputs["Image"])
    save("composited")


animated()
composited()
missing()
draped()
