"""How to render a scene: by what the request wants, what this Blender can do, and what a farm must not do."""

import bpy

from refusal import Refusal

ENGINES = ("CYCLES", "BLENDER_EEVEE", "BLENDER_WORKBENCH")


def set_engine(scene, engine):
    try:
        scene.render.engine = engine
    except TypeError as error:
        raise Refusal("ENGINE_UNAVAILABLE", f"this Blender has no {engine}", names=[engine]) from error


def has_denoiser():
    try:
        import _cycles

        return bool(_cycles.with_openimagedenoise)
    except (ImportError, AttributeError):
        return False


def apply_denoising(scene):
    """Cycles fails a frame without a picture if it is to denoise and cannot."""
    cycles = scene.cycles
    if not cycles.use_denoising:
        return []
    if not has_denoiser():
        cycles.use_denoising = False
        return ["denoising off: this Blender has no OpenImageDenoise"]
    # OptiX is the only other denoiser, and needs a graphics card, which the sandbox hides.
    if cycles.denoiser != "OPENIMAGEDENOISE":
        cycles.denoiser = "OPENIMAGEDENOISE"
        return ["denoised with OpenImageDenoise instead of the scene's denoiser"]
    return []


def apply_samples(scene, samples):
    if scene.render.engine == "CYCLES":
        scene.cycles.samples = samples
    elif scene.render.engine == "BLENDER_EEVEE":
        scene.eevee.taa_render_samples = samples


def apply_format(scene, file_format):
    image = scene.render.image_settings
    image.file_format = file_format
    if file_format == "PNG":
        image.color_depth = "8"


def mute_file_outputs(tree, seen):
    """Mutes compositor nodes that write further files, also in groups, because nobody collects those files."""
    if tree is None or tree in seen:
        return
    seen.append(tree)
    for node in tree.nodes:
        if node.bl_idname == "CompositorNodeOutputFile":
            node.mute = True
        mute_file_outputs(getattr(node, "node_tree", None), seen)


def apply(scene, ask):
    """Sets everything except the engine. Returns notes about differences from the file."""
    render = scene.render
    notes = []
    if ask.get("scale"):
        render.resolution_percentage = ask["scale"]
    if ask.get("samples"):
        apply_samples(scene, ask["samples"])
    apply_format(scene, ask["format"])
    if render.use_multiview:
        render.use_multiview = False
        notes.append("stereo off: only the scene's camera was rendered")
    if render.engine == "CYCLES":
        scene.cycles.device = "CPU"
        notes += apply_denoising(scene)
    render.use_file_extension = True
    render.use_overwrite = True
    render.use_placeholder = False
    # Blender keeps what does not change from frame to frame.
    render.use_persistent_data = True
    mute_file_outputs(scene.node_tree if scene.use_nodes else None, [])
    return notes


def facts(scene):
    render = scene.render
    border = None
    if render.use_border and render.use_crop_to_border:
        border = [render.border_min_x, render.border_max_x, render.border_min_y, render.border_max_y]
    return {
        "scene": scene.name,
        "scenes": [each.name for each in bpy.data.scenes],
        "engine": render.engine,
        "frameStart": scene.frame_start,
        "frameEnd": scene.frame_end,
        "width": render.resolution_x,
        "height": render.resolution_y,
        "percent": render.resolution_percentage,
        "border": border,
    }
