"""How to render a scene: by what the request wants, what this Blender can do, and what a farm must not do."""

import bpy

import devices
import engines
import files
import formats
from refusal import Refusal

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
    # It needs a card of NVIDIA's.
    if cycles.denoiser == "OPTIX" and devices.has_optix(scene):
        return []
    if not has_denoiser():
        cycles.use_denoising = False
        return ["denoising off: this Blender has no OpenImageDenoise"]
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
    if file_format == "AS_IN_FILE":
        note = formats.keep(image)
        return [note] if note else []
    formats.choose(image, file_format, "8" if file_format == "PNG" else None)
    return []


def strips_of(scene):
    """All strips of the sequencer, in meta strips too."""
    editor = scene.sequence_editor
    # Renamed in 4.4.
    return editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all


def compositor_tree(scene):
    if hasattr(scene, "compositing_node_group"):
        return scene.compositing_node_group
    return scene.node_tree if scene.use_nodes else None


def nodes_of(tree, seen=None):
    """All nodes of a tree that are not muted, and of the groups in it."""
    seen = [] if seen is None else seen
    if tree is None or tree in seen:
        return
    seen.append(tree)
    for node in tree.nodes:
        if not node.mute:
            yield node
            yield from nodes_of(getattr(node, "node_tree", None), seen)


def choose_camera(scene, name):
    """Renders through this camera, whatever markers say."""
    camera = scene.objects.get(name)
    if camera is None or camera.type != "CAMERA":
        cameras = ", ".join(item.name for item in scene.objects if item.type == "CAMERA")
        text = f"its cameras are: {cameras}" if cameras else "it has none"
        raise Refusal("SCENE_UNREADABLE", f"the scene {scene.name} has no camera {name}; {text}")
    scene.camera = camera
    for marker in scene.timeline_markers:
        marker.camera = None


def choose_view_layer(scene, name):
    """Renders this view layer alone. Returns notes."""
    if name not in scene.view_layers:
        layers = ", ".join(layer.name for layer in scene.view_layers)
        raise Refusal("SCENE_UNREADABLE", f"the scene {scene.name} has no view layer {name}; it has: {layers}")
    for layer in scene.view_layers:
        layer.use = layer.name == name
    tree = compositor_tree(scene) if scene.render.use_compositing else None
    asked = [node for node in tree.nodes if node.bl_idname == "CompositorNodeRLayers"] if tree else []
    others = {node.layer for node in asked if not node.mute and node.scene in {None, scene} and node.layer != name}
    return [f"the compositor asks for view layers that were not rendered: {', '.join(sorted(others))}"] if others else []


def device_of(scene, engine):
    """What the engine computes with, for people."""
    return devices.words(scene) if engine == "CYCLES" else "OpenGL"


def apply(scene, ask):
    """Sets everything except the engine. Returns notes about differences from the file."""
    render = scene.render
    engine = engines.of(scene)
    notes = []
    if ask.get("scale"):
        render.resolution_percentage = ask["scale"]
    if ask.get("samples"):
        apply_samples(scene, engine, ask["samples"])
    notes += apply_format(scene, ask["format"])
    files.name_views(scene)
    if engine == "CYCLES":
        scene.cycles.device = "CPU"
        if ask.get("device"):
            devices.use(ask["device"])
        notes += apply_denoising(scene)
    elif ask.get("device"):
        notes.append(f"a graphics card was chosen for Cycles; {engine} draws with what the machine has")
    if engine == "BLENDER_EEVEE" and tuple(bpy.data.version) < NEW_EEVEE <= bpy.app.version:
        wrote, have = (".".join(map(str, version[:2])) for version in (bpy.data.version, bpy.app.version))
        notes.append(f"made for the EEVEE of Blender {wrote}, drawn by that of {have}, which differs")
    render.use_file_extension = True
    render.use_overwrite = True
    render.use_placeholder = False
    # Blender keeps what does not change from frame to frame.
    render.use_persistent_data = True
    return notes


def facts(scene):
    render = scene.render
    engine = engines.of(scene)
    border = None
    if render.use_border and render.use_crop_to_border:
        border = [render.border_min_x, render.border_max_x, render.border_min_y, render.border_max_y]
    return {
        "scene": scene.name,
        "scenes": [each.name for each in bpy.data.scenes],
        "engine": engine,
        "frameStart": scene.frame_start,
        "frameEnd": scene.frame_end,
        "width": render.resolution_x,
        "height": render.resolution_y,
        "percent": render.resolution_percentage,
        "border": border,
        "stretch": files.stretch(scene),
        "extension": render.file_extension.lstrip("."),
        "device": device_of(scene, engine),
    }
