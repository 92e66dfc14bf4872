"""Strips of a frame that different machines render, put together to exactly the pixels of the whole frame."""

import math

import bpy
import numpy

import engines
import physics
import settings
from refusal import Refusal

# Cycles looks at every so many samples which pixels need more, and gives those beside them more too.
SAMPLES_PER_LOOK = 16


def size_of(scene):
    render = scene.render
    return tuple(edge * render.resolution_percentage // 100 for edge in (render.resolution_x, render.resolution_y))


def margin_of(scene):
    """How far a pixel can reach: with adaptive sampling one pixel further at each look."""
    cycles = scene.cycles
    return math.ceil(cycles.samples / SAMPLES_PER_LOOK) + 1 if cycles.use_adaptive_sampling else 0


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
        (render.use_compositing and settings.compositor_tree(scene), "it is composited"),
        (render.use_sequencer and scene.sequence_editor and len(settings.strips_of(scene)) > 0, "it has strips of the sequencer"),
        (sum(layer.use for layer in scene.view_layers) > 1, "it has several view layers"),
        (render.image_settings.file_format == "OPEN_EXR_MULTILAYER", "its file has several layers"),
        (render.use_border, "only a part of it is rendered"),
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


def render_strip(scene, number, of, path):
    """Renders a strip to an OpenEXR file of full floats. Returns (why the frame is rendered whole, the number of rows)."""
    whole = why_whole(scene, of)
    if whole:
        return whole, 0
    image = scene.render.image_settings
    with Borrowed(scene.render, **border_of(scene, number, of)):
        floats = {"file_format": "OPEN_EXR", "color_mode": "RGBA", "color_depth": "32"}
        with Borrowed(scene.render, use_file_extension=False, filepath=path), Borrowed(image, **floats):
            bpy.ops.render.render(write_still=True, scene=scene.name)
    _, _, low, high = rows_of(scene, number, of)
    return "", high - low


def pixels_of(path, width, height):
    image = bpy.data.images.load(path)
    try:
        image.colorspace_settings.name = "Non-Color"
        if tuple(image.size) != (width, height):
            raise Refusal("RENDER_ERROR", f"a strip has {image.size[0]}×{image.size[1]} pixels, not {width}×{height}")
        pixels = numpy.empty(width * height * 4, numpy.float32)
        image.pixels.foreach_get(pixels)
        return pixels.reshape(height, width, 4)
    finally:
        bpy.data.images.remove(image)


def compose(scene, image):
    """Lets the compositor make the picture of a scene: nothing but this image."""
    if hasattr(scene, "compositing_node_group"):
        tree = bpy.data.node_groups.new("merged", "CompositorNodeTree")
        tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
        end = tree.nodes.new("NodeGroupOutput")
        scene.compositing_node_group = tree
    else:
        scene.use_nodes = True
        tree = scene.node_tree
        tree.nodes.clear()
        end = tree.nodes.new("CompositorNodeComposite")
    node = tree.nodes.new("CompositorNodeImage")
    node.image = image
    tree.links.new(node.outputs["Image"], end.inputs[0])
    scene.render.use_compositing, scene.render.use_sequencer = True, False


def merge(scene, paths, path):
    """Puts strips together. The compositor passes them on, so Blender writes the picture as it writes what it rendered."""
    width, height = size_of(scene)
    of = len(paths)
    whole = numpy.empty((height, width, 4), numpy.float32)
    for number, strip in enumerate(paths, 1):
        first, end, low, high = rows_of(scene, number, of)
        whole[first:end] = pixels_of(strip, width, high - low)[first - low : end - low]
    image = bpy.data.images.new("merged", width, height, alpha=True, float_buffer=True)
    # A copy, because the file may have a compositor of its own that it does not use.
    copy = scene.copy()
    try:
        image.pixels.foreach_set(whole.ravel())
        image.update()
        compose(copy, image)
        copy.render.filepath = path
        bpy.ops.render.render(write_still=True, scene=copy.name)
    finally:
        tree = getattr(copy, "compositing_node_group", None)
        bpy.data.scenes.remove(copy)
        if tree:
            bpy.data.node_groups.remove(tree)
        bpy.data.images.remove(image)
