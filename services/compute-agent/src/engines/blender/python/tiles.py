"""Strips of a frame that different machines render, put together to exactly the pixels of the whole frame."""

import math
import os

import bpy

import engines
import exr
import filled
import physics
import settings

# Cycles looks at every so many samples which pixels need more, and gives those beside them more too.
SAMPLES_PER_LOOK = 16


def size_of(scene):
    render = scene.render
    return tuple(edge * render.resolution_percentage // 100 for edge in (render.resolution_x, render.resolution_y))


def margin_of(scene):
    """How far a pixel can reach: with adaptive sampling one pixel further at each look."""
    cycles = scene.cycles
    if not cycles.use_adaptive_sampling:
        return 0
    samples = max(cycles.samples, *(layer.samples for layer in scene.view_layers))
    return math.ceil(samples / SAMPLES_PER_LOOK) + 1


def other_scene(scene):
    """The name of another scene that the compositor reads; empty if there is none."""
    tree = settings.compositor_tree(scene) if scene.render.use_compositing else None
    kinds = {"CompositorNodeRLayers", "CompositorNodeCryptomatteV2"}
    nodes = [node for node in settings.nodes_of(tree) if node.bl_idname in kinds and node.scene not in {None, scene}]
    return nodes[0].scene.name if nodes else ""


def long_name(scene):
    """The name of a channel that would be cut off; empty if there is none."""
    names = (name for layer in scene.view_layers if layer.use for name in filled.channels_of(scene, layer))
    return next((name for name in names if len(name.encode()) > filled.MAX_CHANNEL_BYTES), "")


def why_whole(scene, of):
    """Why a frame of this scene is rendered whole; empty if strips make exactly the same pixels."""
    render = scene.render
    if engines.of(scene) != "CYCLES":
        return f"only Cycles makes the same pixels in strips, and the engine is {engines.of(scene)}"
    cycles = scene.cycles
    width, height = size_of(scene)
    margin = margin_of(scene)
    findings = (
        (cycles.device != "CPU", "it is rendered by graphics cards, of which no two need make the same pixels"),
        (cycles.use_denoising, "it is denoised"),
        (cycles.time_limit > 0, "it has a time limit"),
        (render.use_sequencer and scene.sequence_editor and len(settings.strips_of(scene)) > 0, "it has strips of the sequencer"),
        (render.use_border, "only a part of it is rendered"),
        (other_scene(scene), f"its compositor reads the scene {other_scene(scene)}"),
        (long_name(scene), f"OpenEXR has no room for the name {long_name(scene)}"),
        (any(getattr(layer.cycles, "pass_render_time", False) for layer in scene.view_layers), "it has the pass Render Time"),
        (any(item.type in {"GPENCIL", "GREASEPENCIL"} for item in bpy.data.objects), "it has Grease Pencil"),
        (render.use_freestyle, "it has lines of Freestyle"),
        (render.use_multiview, "it is stereo"),
        (render.use_stamp, "it has a stamp"),
        (physics.unbaked(scene), "it has physics that is not baked"),
        (height < of, f"it has {height} rows"),
        (2 * margin * of > height, f"adaptive sampling reaches {margin} rows beyond each strip"),
        (margin and cycles.use_auto_tile and max(width, height) > cycles.tile_size, "adaptive sampling ends at Blender's own tiles"),
    )
    return next((text for is_so, text in findings if is_so), "")


def rows_of(scene, number, of):
    """The rows that a strip shows, counted from below, and those that are rendered for it: (first, end, from, to)."""
    _, height = size_of(scene)
    margin = margin_of(scene)
    first, end = (number - 1) * height // of, number * height // of
    return first, end, max(0, first - margin), min(height, end + margin)


class Borrowed:
    """Sets attributes, and sets them back."""

    def __init__(self, owner, **values):
        self.owner, self.values = owner, values

    def __enter__(self):
        self.before = [(name, getattr(self.owner, name)) for name in self.values]
        for name, value in self.values.items():
            setattr(self.owner, name, value)

    def __exit__(self, *_):
        # In the order in which they were set: the format decides which depths there are.
        for name, value in self.before:
            setattr(self.owner, name, value)


def border_of(scene, number, of):
    """The strip as a border. Blender cuts fractions of pixels off, so edges are in the middle of a row."""
    _, height = size_of(scene)
    _, _, low, high = rows_of(scene, number, of)
    bottom = (low + 0.5) / height if low else 0.0
    top = (high + 0.5) / height if high < height else 1.0
    return {
        "use_border": True,
        "use_crop_to_border": True,
        "border_min_x": 0.0,
        "border_max_x": 1.0,
        "border_min_y": bottom,
        "border_max_y": top,
    }


def layers_of(image):
    """Settings of a picture that has all layers and passes, and loses nothing."""
    return {
        **({"media_type": "MULTI_LAYER_IMAGE"} if hasattr(image, "media_type") else {}),
        "file_format": "OPEN_EXR_MULTILAYER",
        "color_mode": "RGBA",
        "color_depth": "32",
        # It packs each row by itself.
        "exr_codec": "ZIPS",
        # Otherwise colours could be changed twice: in strips, and in what is made of them.
        "color_management": "FOLLOW_SCENE",
    }


def render_strip(scene, number, of, path):
    """Renders a strip to an OpenEXR file of full floats. Returns (why the frame is rendered whole, the number of rows)."""
    whole = why_whole(scene, of)
    if whole:
        return whole, 0
    render = scene.render
    with Borrowed(render, **border_of(scene, number, of)), Borrowed(render.image_settings, **layers_of(render.image_settings)):
        with Borrowed(render, use_file_extension=False, use_compositing=False, filepath=path):
            bpy.ops.render.render(write_still=True, scene=scene.name)
    _, _, low, high = rows_of(scene, number, of)
    return "", high - low


def merge(scene, paths, path):
    """Puts strips together, and lets Blender make of them what it makes of what it renders."""
    of = len(paths)
    kept = [(first - low, end - low) for first, end, low, _ in (rows_of(scene, number, of) for number in range(1, of + 1))]
    stacked = f"{paths[0]}.whole.exr"
    exr.stack(paths, kept, stacked)
    try:
        with Borrowed(scene.render, filepath=path), filled.from_file(scene, stacked):
            bpy.ops.render.render(write_still=True, scene=scene.name)
    finally:
        os.remove(stacked)
