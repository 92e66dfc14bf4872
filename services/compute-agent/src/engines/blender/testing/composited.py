"""Writes a scene with a compositor, with any Blender from 3.4 on: `-- FOLDER` makes FOLDER/composited.blend, and of its frame 3
FOLDER/whole.exr and what its File Output node writes, in FOLDER/own.

It also says of several set-ups why their frames are not split, as JSON after an @."""

import json
import os
import sys

import bpy

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "python"))
sys.dont_write_bytecode = True

import tiles  # noqa: E402

IS_TREE_APART = "compositing_node_group" in bpy.types.Scene.bl_rna.properties
PASSES = ("z", "mist", "normal", "vector", "uv", "object_index", "diffuse_direct", "cryptomatte_object")


def output_for(group):
    if hasattr(group, "interface"):
        group.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
    else:
        group.outputs.new("NodeSocketColor", "Image")


def fresh():
    """A scene whose compositor shows what it renders. Returns (scene, tree, layers, end)."""
    bpy.ops.wm.read_factory_settings(use_empty=False)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = 2, False
    scene.render.resolution_x, scene.render.resolution_y = 67, 41
    scene.render.film_transparent = True
    layer = scene.view_layers[0]
    for each in PASSES:
        setattr(layer, f"use_pass_{each}", True)
    layer.cycles.denoising_store_passes = True
    layer.update_render_passes()
    bpy.data.objects["Cube"].pass_index = 1
    bpy.data.objects["Light"].data.energy = 4000
    if IS_TREE_APART:
        tree = bpy.data.node_groups.new("compositor", "CompositorNodeTree")
        scene.compositing_node_group = tree
        output_for(tree)
        end, layers = tree.nodes.new("NodeGroupOutput"), tree.nodes.new("CompositorNodeRLayers")
    else:
        scene.use_nodes = True
        tree = scene.node_tree
        end, layers = tree.nodes["Composite"], tree.nodes["Render Layers"]
    layers.layer = layer.name
    tree.links.new(layers.outputs["Image"], end.inputs[0])
    return scene, tree, layers, end


def add(tree, kind, **values):
    """Adds a node. What is a property in one version is an input in another."""
    node = tree.nodes.new(f"CompositorNode{kind}")
    for name, value in values.items():
        socket = node.inputs.get(name.title())
        if socket is None:
            setattr(node, name, value)
        else:
            socket.default_value = value
    return node


def over(tree, below, above):
    node = add(tree, "AlphaOver")
    colors = [socket for socket in node.inputs if socket.type == "RGBA"]
    for source, target in zip((below, above), colors):
        tree.links.new(source, target)
    return node.outputs[0]


def through(tree, source, node):
    tree.links.new(source, node.inputs.get("Image") or node.inputs[0])
    return node.outputs[0]


def pass_named(layers, *names):
    return next(each for each in layers.outputs if each.enabled and each.name in names)


def second_layer(scene, tree):
    layer = scene.view_layers.new("Back.plane")
    layer.samples = 3
    bpy.ops.mesh.primitive_uv_sphere_add(location=(2, 2, 0))
    ball, behind = bpy.context.object, bpy.data.collections.new("behind")
    ball.users_collection[0].objects.unlink(ball)
    behind.objects.link(ball)
    scene.collection.children.link(behind)
    scene.view_layers[0].layer_collection.children["behind"].exclude = True
    node = add(tree, "RLayers")
    node.layer = layer.name
    return node


def composited():
    """Everything at once, into a file of several layers: two view layers, masks of passes, denoising, glare, blur, a group, a matte, an animated node, a file of its own."""
    scene, tree, layers, end = fresh()
    scene.cycles.use_adaptive_sampling = True
    back = second_layer(scene, tree)
    denoised = add(tree, "Denoise")
    for socket, each in (("Image", "Image"), ("Normal", "Denoising Normal"), ("Albedo", "Denoising Albedo")):
        tree.links.new(layers.outputs[each], denoised.inputs[socket])
    blur = add(tree, "Blur", **({"size": (3, 3)} if IS_TREE_APART else {"size_x": 3, "size_y": 3}))
    picture = over(tree, through(tree, back.outputs["Image"], blur), denoised.outputs[0])
    mask = add(tree, "IDMask", index=1)
    tree.links.new(pass_named(layers, "IndexOB", "Object Index"), mask.inputs[0])
    inverted = bpy.data.node_groups.new("inverted", "CompositorNodeTree")
    output_for(inverted)
    if hasattr(inverted, "interface"):
        inverted.interface.new_socket("Image", in_out="INPUT", socket_type="NodeSocketColor")
    else:
        inverted.inputs.new("NodeSocketColor", "Image")
    begin, stop = inverted.nodes.new("NodeGroupInput"), inverted.nodes.new("NodeGroupOutput")
    invert = add(inverted, "Invert")
    inverted.links.new(begin.outputs[0], invert.inputs["Color"])
    inverted.links.new(invert.outputs[0], stop.inputs[0])
    group = add(tree, "Group")
    group.node_tree = inverted
    masked = add(tree, "SetAlpha")
    tree.links.new(through(tree, pass_named(layers, "DiffDir", "Diffuse Direct"), group), masked.inputs["Image"])
    tree.links.new(mask.outputs[0], masked.inputs["Alpha"])
    picture = over(tree, picture, masked.outputs[0])
    picker = add(tree, "CryptomatteV2")
    picker.scene, picker.layer_name, picker.matte_id = scene, f"{layers.layer}.CryptoObject", "Cube"
    picture = over(tree, picture, through(tree, layers.outputs["Image"], picker))
    near = add(tree, "Normalize")
    tree.links.new(layers.outputs["Depth"], near.inputs[0])
    fog = add(tree, "SetAlpha")
    tree.links.new(layers.outputs["Normal"], fog.inputs["Image"])
    tree.links.new(near.outputs[0], fog.inputs["Alpha"])
    picture = over(tree, picture, fog.outputs[0])
    fog_glow = {"type": "Fog Glow"} if IS_TREE_APART else {"glare_type": "FOG_GLOW"}
    picture = through(tree, picture, add(tree, "Glare", threshold=0.3, **fog_glow))
    exposed = add(tree, "Exposure")
    light = exposed.inputs["Exposure"]
    for frame, value in ((1, 0.0), (5, 1.0)):
        light.default_value = value
        light.keyframe_insert("default_value", frame=frame)
    tree.links.new(through(tree, picture, exposed), end.inputs[0])
    write = add(tree, "OutputFile")
    if IS_TREE_APART:
        write.format.media_type = "IMAGE"
        write.file_output_items.new("RGBA", "Image")
        write.directory = "//own"
    else:
        write.base_path = "//own"
    write.format.file_format = "PNG"
    tree.links.new(layers.outputs["Image"], write.inputs[0])
    image = scene.render.image_settings
    if hasattr(image, "media_type"):
        image.media_type = "MULTI_LAYER_IMAGE"
    image.file_format, image.color_depth = "OPEN_EXR_MULTILAYER", "32"
    bpy.ops.wm.save_as_mainfile(filepath=os.path.join(sys.argv[-1], "composited.blend"), check_existing=False)


def reads_another_scene(scene, tree, layers, end):
    layers.scene = bpy.data.scenes.new("Other")


def has_a_long_name(scene, tree, layers, end):
    scene.view_layers[0].name = layers.layer = "L" * 60


def is_denoised(scene, tree, layers, end):
    scene.cycles.use_denoising = True


def has_grease_pencil(scene, tree, layers, end):
    operator = bpy.ops.object.grease_pencil_add if bpy.app.version >= (4, 3) else bpy.ops.object.gpencil_add
    operator(type="EMPTY")


def has_all_else(scene, tree, layers, end):
    second_layer(scene, tree)


found = {}
for each in (reads_another_scene, has_a_long_name, is_denoised, has_grease_pencil, has_all_else):
    made = fresh()
    each(*made)
    found[each.__name__] = tiles.why_whole(made[0], 2)
print("\n@" + json.dumps(found))
composited()
scene = bpy.context.scene
scene.render.filepath = os.path.join(sys.argv[-1], "whole.exr")
scene.frame_set(3)
bpy.ops.render.render(write_still=True)
