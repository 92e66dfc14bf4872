"""
Python in the file that Blender runs although scripts of files are switched off: that of Freestyle. Blender 3.4 and 5.0 run its style
modules, which are texts of the file. They also run, in its other mode, a line that Blender makes of the names of the view layer and the
line set. They escape quotes in it, but not what stands before a quote: after a backslash the name goes on as code.
"""

import bpy

from refusal import Refusal


def is_code(name):
    return "\\" in name


def empty(several):
    """Takes all out. To switch them off is not enough, because an animation could switch them on again."""
    for each in list(several):
        several.remove(each)
    if len(several):
        raise Refusal("SCENE_UNREADABLE", "the scripts of Freestyle cannot be taken out of the file")


def leave_out():
    """Takes the scripts of Freestyle out of all scenes, also of those that come from libraries. Returns notes."""
    lost = []
    for scene in bpy.data.scenes:
        for layer in scene.view_layers:
            settings = getattr(layer, "freestyle_settings", None)
            if settings is None:
                continue
            is_drawn = scene.render.use_freestyle and layer.use_freestyle
            has_code = any(is_code(name) for name in (layer.name, *settings.linesets.keys()))
            empty(settings.modules)
            if has_code:
                empty(settings.linesets)
            if has_code or settings.mode == "SCRIPT":
                layer.use_freestyle = False
                lost += [f"{scene.name}/{layer.name}"] if is_drawn else []
    return [f"no lines of Freestyle, because scripts in the file were not run: {', '.join(lost)}"] if lost else []
