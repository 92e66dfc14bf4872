"""Finds missing files that a scene refers to, before the first frame, because Blender renders such scenes pink or empty
without an error."""

import os

import bpy

# A bound, because a scene can name any number of files.
MOST = 1000


def absolute(path, library=None):
    return bpy.path.abspath(path, library=library)


def exists(path, library=None):
    return os.path.exists(absolute(path, library))


def used_images():
    """Images that a picture can show, without those that only brushes, editors or empties (reference pictures) use."""
    unseen = (bpy.types.Brush, bpy.types.Screen, bpy.types.WindowManager)
    for image, users in bpy.data.user_map(subset=set(bpy.data.images)).items():
        shown = [
            user
            for user in users
            if not isinstance(user, unseen) and not (isinstance(user, bpy.types.Object) and user.type == "EMPTY")
        ]
        if shown:
            yield image


def tile_paths(image):
    for tile in image.tiles:
        column, row = (tile.number - 1001) % 10, (tile.number - 1001) // 10
        yield image.filepath.replace("<UDIM>", str(tile.number)).replace("<UVTILE>", f"u{column + 1}_v{row + 1}")


def missing_images():
    for image in used_images():
        if image.source not in {"FILE", "SEQUENCE", "MOVIE", "TILED"} or image.packed_file or len(image.packed_files):
            continue
        paths = tile_paths(image) if image.source == "TILED" else [image.filepath]
        for path in paths:
            if not exists(path, image.library):
                yield "image", path or image.name


def missing_data():
    for library in bpy.data.libraries:
        if not library.packed_file and not exists(library.filepath, library.library):
            yield "library", library.filepath
    for font in bpy.data.fonts:
        if not font.packed_file and font.filepath not in {"", "<builtin>"} and not exists(font.filepath, font.library):
            yield "font", font.filepath
    for kind, each in [("cache", c) for c in bpy.data.cache_files] + [("clip", c) for c in bpy.data.movieclips]:
        if not exists(each.filepath, each.library):
            yield kind, each.filepath
    for volume in bpy.data.volumes:
        if volume.filepath and not volume.packed_file and not exists(volume.filepath, volume.library):
            yield "volume", volume.filepath


def missing_simulations():
    """Baked simulations and mesh caches have their frames in folders beside the file."""
    for item in bpy.data.objects:
        for modifier in item.modifiers:
            if not modifier.show_render:
                continue
            if modifier.type == "MESH_CACHE" and not exists(modifier.filepath, item.library):
                yield "cache", modifier.filepath
            elif modifier.type == "OCEAN" and modifier.is_cached and not exists(modifier.filepath, item.library):
                yield "cache", modifier.filepath
            elif modifier.type == "FLUID" and modifier.fluid_type == "DOMAIN":
                domain = modifier.domain_settings
                # A domain that was never baked is simulated again, or shows nothing.
                baked = domain.has_cache_baked_data or domain.has_cache_baked_mesh or domain.has_cache_baked_any
                if baked and not exists(domain.cache_directory, item.library):
                    yield "cache", domain.cache_directory
            cache = getattr(modifier, "point_cache", None)
            if cache and cache.use_external and not exists(cache.filepath, item.library):
                yield "cache", cache.filepath


def missing_in_nodes():
    trees = list(bpy.data.node_groups)
    for owners in (bpy.data.lights, bpy.data.worlds, bpy.data.materials):
        trees += [owner.node_tree for owner in owners if owner.node_tree]
    for tree in trees:
        for node in tree.nodes:
            if node.bl_idname in {"ShaderNodeTexIES", "ShaderNodeScript"} and node.mode == "EXTERNAL":
                if not exists(node.filepath, tree.library):
                    yield "light profile" if node.bl_idname == "ShaderNodeTexIES" else "script", node.filepath


def missing_strips(scene):
    """Without sound strips, because no picture depends on them."""
    if not scene.render.use_sequencer or not scene.sequence_editor:
        return
    for strip in scene.sequence_editor.sequences_all:
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
    """The missing files, each path once, in a fixed order: [{"kind", "path"}]."""
    found = {}
    for source in (missing_images(), missing_data(), missing_simulations(), missing_in_nodes(), missing_strips(scene)):
        for kind, path in source:
            found.setdefault(path, kind)
    return [{"kind": found[path], "path": path} for path in sorted(found)][:MOST]
