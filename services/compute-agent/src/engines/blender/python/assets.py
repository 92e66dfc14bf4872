"""Finds missing files that a scene refers to, before the first frame, because Blender renders such scenes pink or empty
without an error."""

import os

import bpy

import paths
import reach
import settings
import unreadable

# A bound, because a scene can name any number of files.
MOST = 1000


def exists(path, library=None):
    return os.path.exists(paths.absolute(path, library))


def tile_paths(image):
    for tile in image.tiles:
        column, row = (tile.number - 1001) % 10, (tile.number - 1001) // 10
        yield image.filepath.replace("<UDIM>", str(tile.number)).replace("<UVTILE>", f"u{column + 1}_v{row + 1}")


def images_of_files():
    for image in bpy.data.images:
        is_packed = image.packed_file or len(image.packed_files)
        if image.source in {"FILE", "SEQUENCE", "MOVIE", "TILED"} and not is_packed:
            yield image


def from_files():
    """The data-blocks whose files Blender can be asked to read: (what it is for people, data-block, path)."""
    for image in images_of_files():
        yield "image", image, image.filepath
    for font in bpy.data.fonts:
        if not font.packed_file and font.filepath not in {"", "<builtin>"}:
            yield "font", font, font.filepath
    for volume in bpy.data.volumes:
        if volume.filepath and not volume.packed_file:
            yield "volume", volume, volume.filepath


def missing_images():
    for image in images_of_files():
        for path in tile_paths(image) if image.source == "TILED" else [image.filepath]:
            if not exists(path, image.library):
                yield "image", image, path or image.name


def missing_libraries():
    for library in bpy.data.libraries:
        # Since 5.0 a file can hold what it links: the library's own file is not read then.
        is_archive = getattr(library, "is_archive", False)
        linked = library.users_id
        is_packed = linked and all(getattr(each, "is_linked_packed", False) for each in linked)
        if not is_archive and not is_packed and not library.packed_file and not exists(library.filepath, library.library):
            yield "library", library, library.filepath


def missing_data():
    for kind, each, path in from_files():
        if kind != "image" and not exists(path, each.library):
            yield kind, each, path
    for kind, each in [("cache", c) for c in bpy.data.cache_files] + [("clip", c) for c in bpy.data.movieclips]:
        if not exists(each.filepath, each.library):
            yield kind, each, each.filepath


def missing_simulations(shown):
    """Baked simulations and mesh caches have their frames in folders beside the file."""
    for item in bpy.data.objects:
        if item not in shown:
            continue
        for modifier in item.modifiers:
            if not modifier.show_render:
                continue
            if modifier.type == "MESH_CACHE" and not exists(modifier.filepath, item.library):
                yield "cache", modifier.filepath
            elif modifier.type == "OCEAN" and modifier.is_cached and not exists(modifier.filepath, item.library):
                yield "cache", modifier.filepath
            elif modifier.type == "MULTIRES" and modifier.is_external and not exists(modifier.filepath, item.library):
                yield "displacement", modifier.filepath
    for _, domain, item in fluid_domains(shown):
        # A domain that was never baked is simulated again, or shows nothing.
        baked = domain.has_cache_baked_data or domain.has_cache_baked_mesh or domain.has_cache_baked_any
        if baked and not exists(domain.cache_directory, item.library):
            yield "cache", domain.cache_directory
    for _, cache, owner in point_caches(shown):
        library = owner.library
        if cache.use_external:
            if not exists(cache.filepath, library):
                yield "cache", cache.filepath
        elif cache.use_disk_cache and cache.is_baked:
            stem = os.path.splitext(os.path.basename(library.filepath if library else bpy.data.filepath))[0]
            folder = f"//blendcache_{stem}"
            if not exists(folder, library):
                yield "cache", folder


def point_caches(shown):
    """Simulations that go from frame to frame: (what it is for people, its cache, the data-block that it is part of)."""
    for item in bpy.data.objects:
        if item not in shown:
            continue
        for modifier in item.modifiers:
            if not modifier.show_render:
                continue
            if modifier.type in {"CLOTH", "SOFT_BODY"}:
                kind = modifier.type.lower().replace("_", " ")
                yield f"{kind} of {item.name}", modifier.point_cache, item
            elif modifier.type == "DYNAMIC_PAINT" and modifier.canvas_settings:
                for surface in modifier.canvas_settings.canvas_surfaces:
                    # Pictures that it paints are files, which materials show.
                    if surface.is_active and surface.surface_format != "IMAGE":
                        yield f"dynamic paint of {item.name}", surface.point_cache, item
        for system in item.particle_systems:
            if system.settings.type == "EMITTER":
                yield f"particles of {item.name}", system.point_cache, item
    for scene in bpy.data.scenes:
        world = scene.rigidbody_world
        if scene in shown and world and world.enabled and world.collection and world.collection.objects:
            yield f"rigid bodies of {scene.name}", world.point_cache, scene


def fluid_domains(shown):
    """Fluids: (what it is for people, the settings of the domain, its object)."""
    for item in bpy.data.objects:
        if item not in shown:
            continue
        for modifier in item.modifiers:
            if modifier.type == "FLUID" and modifier.show_render and modifier.fluid_type == "DOMAIN":
                yield f"fluid of {item.name}", modifier.domain_settings, item


def missing_in_nodes(shown):
    trees = [tree for tree in bpy.data.node_groups if tree in shown]
    for owners in (bpy.data.lights, bpy.data.worlds, bpy.data.materials):
        trees += [owner.node_tree for owner in owners if owner.node_tree and owner in shown]
    for tree in trees:
        for node in reach.shown_nodes(tree):
            if node.bl_idname in {"ShaderNodeTexIES", "ShaderNodeScript"} and node.mode == "EXTERNAL":
                if not exists(node.filepath, tree.library):
                    yield "light profile" if node.bl_idname == "ShaderNodeTexIES" else "script", node.filepath


def missing_strips(scene):
    """Without sound strips, because no picture depends on them."""
    if not scene.render.use_sequencer or not scene.sequence_editor:
        return
    for strip in settings.strips_of(scene):
        if strip.mute:
            continue
        if strip.type == "MOVIE" and not exists(strip.filepath):
            yield "strip", strip.filepath
        elif strip.type == "IMAGE":
            for element in strip.elements:
                path = os.path.join(strip.directory, element.filename)
                if not exists(path):
                    yield "strip", path


def missing(scene):
    """
    The missing files that a picture can show and those that none can, each path once and in a fixed order:
    ([{"kind", "path"}], [{"kind", "path"}]).
    """
    shown = reach.shown(scene)
    seen, unseen = {}, {}
    absent = (*missing_images(), *missing_data())
    for kind, block, path in absent:
        (seen if block in shown else unseen).setdefault(path, kind)
    there = shown.difference(block for _, block, _ in absent)
    for kind, block, path in from_files():
        if block in there and not unreadable.is_readable(block):
            seen.setdefault(path, f"unreadable {kind}")
    # Nobody knows what a missing library holds.
    for kind, _, path in missing_libraries():
        seen.setdefault(path, kind)
    for source in (
        unreadable.libraries(shown),
        missing_simulations(shown),
        missing_in_nodes(shown),
        missing_strips(scene),
    ):
        for kind, path in source:
            seen.setdefault(path, kind)
    return tuple(
        [{"kind": found[path], "path": path} for path in sorted(found) if path not in but][:MOST]
        for found, but in ((seen, {}), (unseen, seen))
    )
