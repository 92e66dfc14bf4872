"""Render engines: the names that the mesh has for them, and the names that this Blender has."""

import ctypes

import bpy

from refusal import Refusal

# Blender 4.2 to 4.5 calls its new EEVEE by a name of its own.
NAMES = {
    "CYCLES": ("CYCLES",),
    "BLENDER_EEVEE": ("BLENDER_EEVEE", "BLENDER_EEVEE_NEXT"),
    "BLENDER_WORKBENCH": ("BLENDER_WORKBENCH",),
}
# Larger than the scene's settings in any Blender from 2.8 to 5.0 (about 3,000 bytes).
SCENE_BYTES = 4096
MOST_NAME_BYTES = 32


def choose(scene, name):
    """Sets the engine by its name in the mesh."""
    for own in NAMES.get(name, (name,)):
        try:
            scene.render.engine = own
            return
        except TypeError:
            pass
    raise Refusal("ENGINE_UNAVAILABLE", f"this Blender has no {name}", names=[name])


def stored(scene):
    """The engine that the file names. Blender shows another one where it lacks that engine, so memory is read."""
    trial = bpy.data.scenes.new("muster")
    try:
        trial.render.engine = "BLENDER_WORKBENCH"
        place = ctypes.string_at(trial.as_pointer(), SCENE_BYTES).find(b"BLENDER_WORKBENCH\0")
    finally:
        bpy.data.scenes.remove(trial)
    if place == -1:
        return scene.render.engine
    return ctypes.string_at(scene.as_pointer() + place, MOST_NAME_BYTES).split(b"\0")[0].decode("utf-8", "replace")


def of(scene):
    """The scene's engine by its name in the mesh. Refuses an engine that this Blender lacks, for example an add-on's."""
    wanted = stored(scene) or scene.render.engine
    for name, own in NAMES.items():
        if wanted in own:
            choose(scene, name)
            return name
    raise Refusal("ENGINE_UNAVAILABLE", f"the scene wants {wanted}, which this Blender lacks", names=[wanted])
