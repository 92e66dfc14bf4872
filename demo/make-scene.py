"""Builds the scene of the demo: blender --background --factory-startup --python demo/make-scene.py -- OUT.blend

A field of tiles in the pattern of a sunflower, through which a wave runs outwards, while a golden ball hops in the middle and
the camera swings around it. 24 frames of 480×270, made for few samples and no denoising: a sun and a bright sky make
little noise, and a frame takes a second or two on one processor. The last frame leads back to the first.
"""

import math
import sys

import bpy

FRAMES = 24
TILES = 240
GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))
# From the middle outwards.
COLORS = ((1.0, 0.62, 0.12), (0.95, 0.22, 0.10), (0.62, 0.06, 0.28), (0.16, 0.07, 0.42), (0.02, 0.16, 0.45), (0.0, 0.45, 0.5))


def mix(colors, share):
    place = min(max(share, 0.0), 1.0) * (len(colors) - 1)
    below = min(int(place), len(colors) - 2)
    rest = place - below
    return tuple(a + (b - a) * rest for a, b in zip(colors[below], colors[below + 1]))


def matte(name, color):
    """The cheapest paint there is, for what fills the picture."""
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    nodes = made.node_tree.nodes
    nodes.remove(nodes["Principled BSDF"])
    shader = nodes.new("ShaderNodeBsdfDiffuse")
    shader.inputs["Color"].default_value = (*color, 1)
    made.node_tree.links.new(shader.outputs[0], nodes["Material Output"].inputs[0])
    return made


def polished(name, color, metallic):
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    shader = made.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (*color, 1)
    shader.inputs["Roughness"].default_value = 0.12
    shader.inputs["Metallic"].default_value = metallic
    return made


def link(name, data, parent=None):
    made = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(made)
    made.parent = parent
    return made


def keyframe(target, path, values):
    """One value a frame, and one more: the first again."""
    for frame, value in enumerate(values, start=1):
        setattr(target, path, value)
        target.keyframe_insert(path, frame=frame)
    for curve in target.animation_data.action.fcurves:
        for point in curve.keyframe_points:
            point.interpolation = "LINEAR"


def turns():
    """How much of the loop has passed, at each frame and at the one after the last."""
    return [frame / FRAMES for frame in range(FRAMES + 1)]


def tile_mesh():
    bpy.ops.mesh.primitive_cylinder_add(vertices=40, radius=0.5, depth=1)
    tile = bpy.context.object
    bevel = tile.modifiers.new("bevel", "BEVEL")
    bevel.width, bevel.segments = 0.09, 3
    bpy.ops.object.modifier_apply(modifier="bevel")
    bpy.ops.object.shade_smooth()
    tile.data.use_auto_smooth = True
    mesh = tile.data
    bpy.data.objects.remove(tile)
    return mesh


def tiles():
    mesh = tile_mesh()
    for i in range(TILES):
        share = math.sqrt((i + 8) / (TILES + 8))
        distance, angle = 9.0 * share, i * GOLDEN_ANGLE
        # A mesh of its own, because the paint belongs to the mesh.
        own = mesh.copy()
        own.materials.append(matte("tile", mix(COLORS, share)))
        tile = link(f"tile {i}", own)
        size = 0.62 + 0.38 * share
        tile.scale = (size, size, 1.7)

        def height(turn, distance=distance):
            wave = math.cos(2 * math.pi * (distance / 4.5 - turn))
            return 0.55 * wave * math.exp(-distance / 10) - 0.03 * distance

        x, y = distance * math.cos(angle), distance * math.sin(angle)
        keyframe(tile, "location", [(x, y, height(turn)) for turn in turns()])


def ball():
    bpy.ops.mesh.primitive_uv_sphere_add(segments=64, ring_count=32, radius=0.8)
    made = bpy.context.object
    bpy.ops.object.shade_smooth()
    made.name = "ball"
    made.data.materials.append(polished("gold", (1.0, 0.72, 0.30), 1.0))
    keyframe(made, "location", [(0, 0, 2.0 + 1.7 * abs(math.sin(2 * math.pi * turn))) for turn in turns()])


def moons():
    """Three small balls around the big one."""
    bpy.ops.mesh.primitive_uv_sphere_add(segments=48, ring_count=24, radius=0.34)
    mesh = bpy.context.object.data
    bpy.ops.object.shade_smooth()
    bpy.data.objects.remove(bpy.context.object)
    for i, color in enumerate(((0.92, 0.95, 1.0), (0.1, 0.75, 0.85), (1.0, 0.32, 0.2))):
        own = mesh.copy()
        own.materials.append(polished("moon", color, 0.6))
        moon = link(f"moon {i}", own)

        def place(turn, i=i):
            angle = 2 * math.pi * (turn + i / 3)
            return (2.3 * math.cos(angle), 2.3 * math.sin(angle), 3.0 + 0.7 * math.sin(angle * 2 + i))

        keyframe(moon, "location", [place(turn) for turn in turns()])


def ground():
    bpy.ops.mesh.primitive_cylinder_add(vertices=160, radius=10.2, depth=1.2, location=(0, 0, -1.5))
    bpy.context.object.data.materials.append(matte("ground", (0.04, 0.04, 0.09)))


def lights(scene):
    sun = bpy.data.lights.new("sun", "SUN")
    sun.energy, sun.angle, sun.color = 4.5, math.radians(2), (1.0, 0.84, 0.64)
    link("sun", sun).rotation_euler = (math.radians(56), 0, math.radians(62))
    world = scene.world
    world.use_nodes = True
    nodes, links = world.node_tree.nodes, world.node_tree.links
    ramp = nodes.new("ShaderNodeValToRGB")
    ramp.color_ramp.elements[0].color = (1.0, 0.34, 0.08, 1)
    ramp.color_ramp.elements[0].position = 0.5
    ramp.color_ramp.elements[1].color = (0.05, 0.10, 0.32, 1)
    ramp.color_ramp.elements[1].position = 0.70
    below = ramp.color_ramp.elements.new(0.40)
    below.color = (0.10, 0.03, 0.12, 1)
    dusk = ramp.color_ramp.elements.new(0.57)
    dusk.color = (0.42, 0.12, 0.28, 1)
    height = nodes.new("ShaderNodeSeparateXYZ")
    half = nodes.new("ShaderNodeMapRange")
    half.inputs["From Min"].default_value = -1
    where = nodes.new("ShaderNodeTexCoord")
    links.new(where.outputs["Generated"], height.inputs[0])
    links.new(height.outputs["Z"], half.inputs["Value"])
    links.new(half.outputs["Result"], ramp.inputs["Fac"])
    links.new(ramp.outputs["Color"], nodes["Background"].inputs["Color"])
    nodes["Background"].inputs["Strength"].default_value = 1.0
    world.cycles.sampling_method = "NONE"


def camera(scene):
    pivot = link("pivot", None)
    # There and back, so that the loop closes.
    keyframe(pivot, "rotation_euler", [(0, 0, math.radians(24) * math.sin(2 * math.pi * turn)) for turn in turns()])
    made = link("camera", bpy.data.cameras.new("camera"), parent=pivot)
    made.data.lens = 34
    made.location = (0, -13.0, 4.4)
    aim = made.constraints.new("TRACK_TO")
    aim.target = link("aim", None)
    aim.target.location = (0, 0, 2.2)
    scene.camera = made


def settings(scene):
    render, cycles = scene.render, scene.cycles
    scene.frame_start, scene.frame_end = 1, FRAMES
    render.engine = "CYCLES"
    render.resolution_x, render.resolution_y, render.fps = 480, 270, 24
    cycles.samples, cycles.use_adaptive_sampling, cycles.use_denoising = 16, False, False
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 2, 0, 2
    cycles.sample_clamp_indirect = 3
    cycles.blur_glossy = 1
    cycles.caustics_reflective = cycles.caustics_refractive = False
    scene.view_settings.view_transform = "Filmic"
    scene.view_settings.look = "Medium High Contrast"


def build(path):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.name = "Sunflower"
    scene.world = bpy.data.worlds.new("sky")
    tiles()
    ball()
    moons()
    ground()
    lights(scene)
    camera(scene)
    settings(scene)
    bpy.ops.wm.save_as_mainfile(filepath=path, compress=True, check_existing=False)


build(sys.argv[sys.argv.index("--") + 1])
