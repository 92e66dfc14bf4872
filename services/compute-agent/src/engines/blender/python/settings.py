"""How to render a scene: by what the request wants, what this Blender can do, and what a farm must not do."""

import bpy

import engines

# EEVEE was written anew for 4.2, and draws scenes of older files differently.
NEW_EEVEE = (4, 2)


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


def apply_samples(scene, engine, samples):
    if engine == "CYCLES":
        scene.cycles.samples = samples
    elif engine == "BLENDER_EEVEE":
        scene.eevee.taa_render_samples = samples


def apply_format(scene, file_format):
    image = scene.render.image_settings
    # Since 5.0 the formats depend on it.
    if hasattr(image, "media_type"):
        image.media_type = "IMAGE"
    image.file_format = file_format
    if file_format == "PNG":
        image.color_depth = "8"


def strips_of(scene):
    """All strips of the sequencer, in meta strips too."""
    editor = scene.sequence_editor
    # Renamed in 4.4.
    return editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all


def compositor_tree(scene):
    if hasattr(scene, "compositing_node_group"):
        return scene.compositing_node_group
    return scene.node_tree if scene.use_nodes else None


def mute_file_outputs(tree, seen):
    """
    Mutes compositor nodes that write further files, also in groups, because nobody collects those files. Returns
    their names.
    """
    if tree is None or tree in seen:
        return []
    seen.append(tree)
    muted = []
    for node in tree.nodes:
        if node.bl_idname == "CompositorNodeOutputFile" and not node.mute:
            node.mute = True
            muted.append(node.name)
        muted += mute_file_outputs(getattr(node, "node_tree", None), seen)
    return muted


def apply(scene, ask):
    """Sets everything except the engine. Returns notes about differences from the file."""
    render = scene.render
    engine = engines.of(scene)
    notes = []
    if ask.get("scale"):
        render.resolution_percentage = ask["scale"]
    if ask.get("samples"):
        apply_samples(scene, engine, ask["samples"])
    apply_format(scene, ask["format"])
    if render.use_multiview:
        render.use_multiview = False
        notes.append("stereo off: only the scene's camera was rendered")
    if engine == "CYCLES":
        scene.cycles.device = "CPU"
        notes += apply_denoising(scene)
    if engine == "BLENDER_EEVEE" and tuple(bpy.data.version) < NEW_EEVEE <= bpy.app.version:
        wrote, have = (".".join(map(str, version[:2])) for version in (bpy.data.version, bpy.app.version))
        notes.append(f"made for the EEVEE of Blender {wrote}, drawn by that of {have}, which differs")
    render.use_file_extension = True
    render.use_overwrite = True
    render.use_placeholder = False
    # Blender keeps what does not change from frame to frame.
    render.use_persistent_data = True
    muted = mute_file_outputs(compositor_tree(scene), []) if render.use_compositing else []
    if muted:
        notes.append(f"without the files of {', '.join(muted)}: only the frame is kept")
    return notes


def facts(scene):
    render = scene.render
    border = None
    if render.use_border and render.use_crop_to_border:
        border = [render.border_min_x, render.border_max_x, render.border_min_y, render.border_max_y]
    return {
        "scene": scene.name,
        "scenes": [each.name for each in bpy.data.scenes],
        "engine": engines.of(scene),
        "frameStart": scene.frame_start,
        "frameEnd": scene.frame_end,
        "width": render.resolution_x,
        "height": render.resolution_y,
        "percent": render.resolution_percentage,
        "border": border,
    }
