"""Finds what is there by name only: files that Blender cannot read, and what a library has no more. Blender renders pink, black
or nothing in their place, without an error."""

import os

import blf
import bpy

import paths


def is_readable_image(image):
    had_data = image.has_data
    # To tell the size, Blender reads the file.
    is_readable = image.size[0] > 0
    if not had_data:
        image.buffers_free()
    return is_readable


def is_readable_font(font):
    loaded = blf.load(paths.absolute(font.filepath, font.library))
    return loaded != -1


def is_readable(block):
    """Whether Blender can read the file of an image, a font or a volume. It takes others as they are."""
    if isinstance(block, bpy.types.Image):
        # Which files of a sequence matter depends on the frame.
        return block.source == "SEQUENCE" or is_readable_image(block)
    if isinstance(block, bpy.types.VectorFont):
        return is_readable_font(block)
    if isinstance(block, bpy.types.Volume):
        return block.is_sequence or block.grids.load()
    return True


def names_in(library):
    """The names of what a library has, by the names of collections of bpy.data; None if Blender cannot read it."""
    try:
        with bpy.data.libraries.load(paths.absolute(library.filepath, library.library), link=True) as (held, _):
            return {kind: set(names) for kind in dir(held) if isinstance(names := getattr(held, kind), list)}
    except OSError:
        return None


def lost_from(library):
    """What a library has no more; None if Blender cannot read it."""
    # Since 4.5 at the latest, Blender itself tells.
    if hasattr(library, "is_missing"):
        return None if library.is_missing else [block for block in library.users_id if block.is_missing]
    names = names_in(library)
    if names is None:
        return None
    return [
        block
        for kind, held in names.items()
        for block in getattr(bpy.data, kind, ())
        if block.library == library and block.name not in held
    ]


def libraries(shown):
    """
    What pictures lack of libraries whose files are there: (what it is for people, path). What a library lost has the path
    of the library and its own name, as the command line says it too.
    """
    for library in bpy.data.libraries:
        is_file = os.path.exists(paths.absolute(library.filepath, library.library))
        if library.packed_file or getattr(library, "is_archive", False) or not is_file:
            continue
        lost = lost_from(library)
        if lost is None:
            yield "unreadable library", library.filepath
        for block in lost or ():
            if block in shown:
                yield f"linked {block.bl_rna.name.lower()}", f"{library.filepath}/{block.name}"
