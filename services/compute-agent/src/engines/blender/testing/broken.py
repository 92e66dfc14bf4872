"""Makes scenes in FOLDER that name files or linked objects that are there by name only: `-- FOLDER`."""

import os
import sys

import bpy

FOLDER = sys.argv[-1]
LFS_POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"


def at(name):
    return os.path.join(FOLDER, name)


def fresh():
    bpy.ops.wm.read_factory_settings(use_empty=False)


def save(name):
    bpy.ops.wm.save_as_mainfile(filepath=at(name), relative_remap=True)
    bpy.ops.file.make_paths_relative()
    bpy.ops.wm.save_mainfile()


def dress(path):
    material = bpy.data.objects["Cube"].data.materials[0]
    node = material.node_tree.nodes.new("ShaderNodeTexImage")
    node.image = bpy.data.images.load(path)
    material.node_tree.links.new(node.outputs[0], material.node_tree.nodes["Principled BSDF"].inputs[0])


def link(library):
    with bpy.data.libraries.load(at(library), link=True, relative=True) as (_, linked):
        linked.objects = ["Thing"]
    bpy.context.scene.collection.objects.link(bpy.data.objects["Thing"])


image = bpy.data.images.new("x", 64, 64)
image.filepath_raw, image.file_format = at("cut.png"), "PNG"
image.save()
fresh()
dress(at("cut.png"))
save("cut-image.blend")
bpy.data.objects["Cube"].hide_render = True
save("unseen-cut-image.blend")
os.truncate(at("cut.png"), 80)

fresh()
bpy.ops.object.text_add()
bpy.context.object.data.font = bpy.data.fonts.load("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
bpy.context.object.data.font.filepath = at("font.ttf")
save("font.blend")

fresh()
bpy.ops.object.volume_add()
bpy.context.object.data.filepath = at("smoke.vdb")
save("volume.blend")

for library, scene in (("pointer.blend", "library.blend"), ("changed.blend", "lost-object.blend")):
    os.makedirs(at("lib"), exist_ok=True)
    fresh()
    bpy.data.objects["Cube"].name = "Thing"
    save(f"lib/{library}")
    fresh()
    link(f"lib/{library}")
    save(scene)
    if library == "changed.blend":
        bpy.context.scene.collection.objects.unlink(bpy.data.objects["Thing"])
        save("unseen-lost-object.blend")
fresh()
save("lib/changed.blend")

for name in ("font.ttf", "smoke.vdb", "lib/pointer.blend"):
    with open(at(name), "w", encoding="utf-8") as file:
        file.write(LFS_POINTER)
