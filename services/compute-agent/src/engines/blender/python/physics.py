"""Physics that goes from frame to frame: finding what is not baked, baking it, and playing it."""

import bpy

import assets
import reach
import zones
from refusal import Refusal

MOST_NAMES = 10


def open_caches(shown):
    return [each for each in assets.point_caches(shown) if not (each[1].is_baked or each[1].use_external)]


def open_fluids(shown):
    return [each for each in assets.fluid_domains(shown) if not each[1].has_cache_baked_data]


def unbaked(scene):
    """Simulations whose frames are not stored, for people. Each machine would compute them anew, and otherwise."""
    shown = reach.shown(scene)
    return [what for what, _, _ in (*open_caches(shown), *open_fluids(shown), *zones.unbaked(shown))]


def listed(names):
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more


def refuse_unbaked(names):
    choice = "bake it in Blender, or choose: muster render --bake, --users 1 or --allow-unbaked (RenderSpec.physics)"
    text = f"physics is not baked, so frames of different machines would not fit together: {listed(names)}; {choice}"
    raise Refusal("PHYSICS_NOT_BAKED", text, names=names)


def shorten(shown, last):
    """Lets no simulation go further than is rendered, and one frame more, which motion blur looks at."""
    end = last + 1
    for _, cache, item in open_caches(shown):
        for modifier in item.modifiers if isinstance(item, bpy.types.Object) else ():
            if modifier.type == "DYNAMIC_PAINT" and modifier.canvas_settings:
                for surface in modifier.canvas_settings.canvas_surfaces:
                    if surface.frame_start < end < surface.frame_end:
                        surface.frame_end = end
        if cache.frame_start < end < cache.frame_end:
            cache.frame_end = end
    for _, domain, _ in open_fluids(shown):
        if domain.cache_frame_start < end < domain.cache_frame_end:
            domain.cache_frame_end = end


def owner_of(item):
    return next(each for each in bpy.data.scenes if item.name in each.objects)


def bake(scene, last):
    """Bakes everything that pictures up to a frame show, into the open file and the folder beside it, and saves the file."""
    shown = reach.shown(scene)
    found = (*open_caches(shown), *open_fluids(shown), *zones.unbaked(shown))
    linked = [what for what, _, item in found if item.library or item.override_library]
    if linked:
        text = f"physics that comes from a library cannot be baked here: {listed(linked)}; bake it in its own file"
        raise Refusal("PHYSICS_NOT_BAKED", text, names=linked)
    fluids = open_fluids(shown)
    if fluids and not bpy.app.build_options.fluid:
        names = [what for what, _, _ in fluids]
        raise Refusal("PHYSICS_NOT_BAKED", f"this Blender cannot bake fluids: {listed(names)}; bake it in Blender", names=names)
    shorten(shown, last)
    for number, (_, domain, _) in enumerate(fluids):
        domain.cache_directory = f"//fluid-{number}"
        domain.cache_type = "ALL"
    for each in bpy.data.scenes:
        if each in shown and not each.library and any(item in shown for item in each.objects):
            with bpy.context.temp_override(scene=each, view_layer=each.view_layers[0]):
                bpy.ops.ptcache.bake_all(bake=True)
    for _, _, item in fluids:
        with bpy.context.temp_override(scene=owner_of(item), object=item, active_object=item):
            bpy.ops.fluid.bake_all()
    # Last, because they may look at what is baked before.
    for _, zone, item in zones.unbaked(shown):
        zone.store(owner_of(item), last)
    left = unbaked(scene)
    if left:
        raise Refusal("RENDER_ERROR", f"Blender did not bake: {listed(left)}; bake it in Blender")
    bpy.context.preferences.filepaths.save_version = 0
    bpy.ops.wm.save_mainfile(compress=True)


class Player:
    """Plays a scene as the timeline does, because a simulation needs every frame before the one that is shown."""

    def __init__(self, scene):
        shown = reach.shown(scene)
        fluids = [what for what, _, _ in open_fluids(shown)]
        if fluids:
            text = f"fluids cannot be played in order: {listed(fluids)}; bake them (muster render --bake)"
            raise Refusal("PHYSICS_NOT_BAKED", text, names=fluids)
        self.scene = scene
        self.first = min([scene.frame_start, *(cache.frame_start for _, cache, _ in open_caches(shown))])
        self.played = self.first - 1

    def play(self, frame):
        for each in range(self.played + 1, frame):
            self.scene.frame_set(each)
        self.played = max(self.played, frame)
