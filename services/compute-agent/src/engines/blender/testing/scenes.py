"""Writes the scenes that the specs render: blender --background --factory-startup --python scenes.py -- FOLDER [NAME ...]"""

import os
import shutil
import sys

import bpy

FOLDER = sys.argv[sys.argv.index("--") + 1]


def fresh(width=64, height=36, samples=2):
    bpy.ops.wm.read_factory_settings(use_empty=False)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.resolution_x, scene.render.resolution_y = width, height
    scene.cycles.samples = samples
    scene.cycles.use_denoising = False
    scene.frame_start, scene.frame_end = 1, 12
    return scene


def save(name):
    bpy.ops.wm.save_as_mainfile(filepath=os.path.join(FOLDER, name + ".blend"), check_existing=False)


def material(item, color):
    made = bpy.data.materials.new("paint")
    made.use_nodes = True
    made.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = color
    item.data.materials.clear()
    item.data.materials.append(made)
    return made


def animate(target, path, first, last, index=-1):
    for frame, value in ((1, first), (12, last)):
        if index < 0:
            setattr(target, path, value)
        else:
            getattr(target, path)[index] = value
        target.keyframe_insert(path, index=index, frame=frame)


def moving():
    """Moves everything that a renderer could wrongly keep from one frame to the next: shape, paint, light, world, camera."""
    scene = fresh()
    cube, camera, light = (bpy.data.objects[name] for name in ("Cube", "Camera", "Light"))
    animate(cube, "rotation_euler", 0.0, 2.0, index=2)
    animate(camera, "location", 7.3, 6.0, index=0)
    animate(light.data, "energy", 400.0, 2000.0)
    cube.shape_key_add(name="Basis")
    key = cube.shape_key_add(name="tall")
    for point in list(key.data)[:4]:
        point.co.z += 1.5
    animate(key, "value", 0.0, 1.0)
    paint = material(cube, (0.8, 0.1, 0.1, 1)).node_tree.nodes["Principled BSDF"].inputs["Base Color"]
    for frame, color in ((1, (0.8, 0.1, 0.1, 1)), (12, (0.1, 0.2, 0.9, 1))):
        paint.default_value = color
        paint.keyframe_insert("default_value", frame=frame)
    bpy.ops.mesh.primitive_uv_sphere_add(location=(2, 2, 0))
    animate(bpy.context.object, "hide_render", False, True)
    world = scene.world.node_tree.nodes["Background"].inputs["Strength"]
    for frame, strength in ((1, 0.2), (12, 1.0)):
        world.default_value = strength
        world.keyframe_insert("default_value", frame=frame)
    scene.render.use_motion_blur = True
    save("moving")


def denoised():
    fresh().cycles.use_denoising = True
    save("denoised")


def missing():
    fresh()
    nodes = material(bpy.data.objects["Cube"], (1, 1, 1, 1)).node_tree
    image = bpy.data.images.load(os.path.join(FOLDER, "there.png"))
    image.filepath = "//../earth/world_map.jpg"
    texture = nodes.nodes.new("ShaderNodeTexImage")
    texture.image = image
    nodes.links.new(texture.outputs[0], nodes.nodes["Principled BSDF"].inputs[0])
    smoke = bpy.data.volumes.new("smoke")
    smoke.filepath = "//smoke/smoke.vdb"
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("smoke", smoke))
    save("missing")


def packed():
    fresh()
    nodes = material(bpy.data.objects["Cube"], (1, 1, 1, 1)).node_tree
    image = bpy.data.images.load(os.path.join(FOLDER, "there.png"))
    image.pack()
    image.filepath = "//../earth/world_map.jpg"
    nodes.nodes.new("ShaderNodeTexImage").image = image
    save("packed")


def unpacked():
    """Refers to files in every possible way, and then removes them. Only the reference picture would not be visible."""
    scene = fresh()
    names = [f"{kind}.png" for kind in ("clip", "strip", "tile.1001", "tile.1002", "reference")]
    for name in names:
        shutil.copyfile(os.path.join(FOLDER, "there.png"), os.path.join(FOLDER, name))
    paths = dict(zip(names, (os.path.join(FOLDER, name) for name in names)))
    library = os.path.join(FOLDER, "library.blend")
    bpy.data.libraries.write(library, {bpy.data.objects["Cube"]})
    with bpy.data.libraries.load(library, link=True) as (_, linked):
        linked.objects = ["Cube"]
    scene.collection.objects.link(linked.objects[0])
    scene.use_nodes = True
    clip = scene.node_tree.nodes.new("CompositorNodeMovieClip")
    clip.clip = bpy.data.movieclips.load(paths["clip.png"])
    scene.node_tree.links.new(clip.outputs["Image"], scene.node_tree.nodes["Composite"].inputs["Image"])
    scene.sequence_editor_create().sequences.new_image("strip", paths["strip.png"], 1, 1)
    cube = next(item for item in bpy.data.objects if item.type == "MESH" and not item.library)
    cube.modifiers.new("cache", "MESH_CACHE").filepath = "//points.mdd"
    light = bpy.data.lights["Light"]
    light.use_nodes = True
    profile = light.node_tree.nodes.new("ShaderNodeTexIES")
    profile.mode, profile.filepath = "EXTERNAL", "//lamp.ies"
    emission = light.node_tree.nodes["Emission"]
    light.node_tree.links.new(profile.outputs["Fac"], emission.inputs["Strength"])
    tiles = bpy.data.images.load(paths["tile.1001.png"])
    tiles.source = "TILED"
    tiles.filepath = os.path.join(FOLDER, "tile.<UDIM>.png")
    tiles.tiles.new(1002)
    tree = material(cube, (1, 1, 1, 1)).node_tree
    texture = tree.nodes.new("ShaderNodeTexImage")
    texture.image = tiles
    tree.links.new(texture.outputs["Color"], tree.nodes["Principled BSDF"].inputs["Base Color"])
    reference = bpy.data.objects.new("reference", None)
    reference.empty_display_type = "IMAGE"
    reference.data = bpy.data.images.load(paths["reference.png"])
    scene.collection.objects.link(reference)
    save("unpacked")
    for path in (*paths.values(), library):
        os.remove(path)


def scripted():
    """Tries to run Python as a registered text and as a driver, and to write elsewhere with the compositor."""
    scene = fresh()
    text = bpy.data.texts.new("evil.py")
    text.write("import bpy\nprint('EVIL-TEXT')\nopen('/tmp/evil-text', 'w').write('x')\nopen('evil-text', 'w').write('x')\n")
    text.use_module = True
    driver = bpy.data.objects["Cube"].driver_add("location", 0).driver
    driver.expression = "[x for x in (1,) if print('EVIL-DRIVER')] and 5 or __import__('os').getpid()"
    scene.use_nodes = True
    output = scene.node_tree.nodes.new("CompositorNodeOutputFile")
    output.base_path = "//stolen"
    scene.node_tree.links.new(scene.node_tree.nodes["Render Layers"].outputs[0], output.inputs[0])
    save("scripted")


def black():
    scene = fresh()
    for item in list(bpy.data.objects):
        if item.type != "CAMERA":
            bpy.data.objects.remove(item)
    scene.world.node_tree.nodes["Background"].inputs["Strength"].default_value = 0
    save("black")


def slow():
    fresh(width=640, height=360, samples=60000).cycles.use_adaptive_sampling = False
    save("slow")


def two_scenes():
    fresh()
    bpy.data.scenes.new("Other")
    other = bpy.data.scenes["Other"]
    bpy.data.scenes["Scene"].name = "First"
    for item in bpy.data.objects:
        other.collection.objects.link(item)
    other.camera = bpy.data.objects["Camera"]
    other.render.engine = "CYCLES"
    other.cycles.samples, other.cycles.use_denoising = 1, False
    other.render.resolution_x, other.render.resolution_y = 30, 40
    other.frame_start, other.frame_end = 5, 7
    save("two-scenes")


def cropped():
    render = fresh(width=101, height=67).render
    render.use_border = render.use_crop_to_border = True
    render.border_min_x, render.border_max_x = 0.123, 0.7
    render.border_min_y, render.border_max_y = 0.31, 0.9
    render.resolution_percentage = 73
    save("cropped")


def no_camera():
    fresh()
    bpy.data.objects.remove(bpy.data.objects["Camera"])
    save("no-camera")


def picture():
    """The picture that scenes refer to while they are created."""
    image = bpy.data.images.new("made", 4, 4)
    image.filepath_raw = os.path.join(FOLDER, "there.png")
    image.file_format = "PNG"
    image.save()


def elsewhere():
    """Names a picture by a place of Windows and a font by one that every sandbox has itself; and once both where they are."""
    bark, title = (os.path.join(FOLDER, name) for name in ("bark.png", "title.ttf"))
    image = bpy.data.images.new("bark", 4, 4)
    image.pixels = [0.7, 0.3, 0.1, 1] * 16
    image.filepath_raw, image.file_format = bark, "PNG"
    image.save()
    shutil.copy("/usr/share/fonts/truetype/dejavu/DejaVuSerif-Bold.ttf", title)
    for name in ("at-hand", "elsewhere"):
        fresh()
        tree = material(bpy.data.objects["Cube"], (1, 1, 1, 1)).node_tree
        texture = tree.nodes.new("ShaderNodeTexImage")
        texture.image = bpy.data.images.load(bark)
        tree.links.new(texture.outputs[0], tree.nodes["Principled BSDF"].inputs["Base Color"])
        bpy.ops.object.text_add(location=(1, -2, 1))
        bpy.context.object.data.font = bpy.data.fonts.load(title)
        if name == "elsewhere":
            texture.image.filepath = "C:\\film\\tex\\bark.png"
            bpy.context.object.data.font.filepath = "/usr/share/fonts/customer/title.ttf"
        path = os.path.join(FOLDER, name + ".blend")
        bpy.ops.wm.save_as_mainfile(filepath=path, check_existing=False, relative_remap=False)


def failing():
    """Blender opens it and fails every frame."""
    scene = fresh()
    scene.render.use_border = True
    scene.render.border_min_x = scene.render.border_max_x = 0.5
    save("failing")


ALL = (moving, denoised, missing, packed, unpacked, scripted, black, slow, two_scenes, cropped, no_camera, failing, elsewhere)
WANTED = sys.argv[sys.argv.index("--") + 2 :]

picture()
for make in ALL:
    if not WANTED or make.__name__ in WANTED:
        make()
