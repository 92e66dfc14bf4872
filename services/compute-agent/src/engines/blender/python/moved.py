"""Files that a .blend names by a place which the sandbox has itself, such as /usr, lie elsewhere: it is told where."""

import os

import bpy

import paths


def elsewhere(moved, path, library):
    """Where a file is now, or None if it is where its path says."""
    place = os.path.normpath(paths.absolute(path, library))
    for folder, now in moved.items():
        if place == folder or place.startswith(folder + "/"):
            there = now + place[len(folder) :]
            # A path with <UDIM> in it names several files.
            if os.path.exists(there) or ("<" in there and os.path.isdir(os.path.dirname(there))):
                return there
    return None


def follow(moved):
    """Leads everything that was just loaded to where its files are. Libraries first, because they bring more."""
    if not moved:
        return
    seen = set()
    while waiting := [each for each in bpy.data.libraries if each not in seen]:
        for library in waiting:
            seen.add(library)
            there = elsewhere(moved, library.filepath, None)
            if there:
                library.filepath = there
                library.reload()
    data = bpy.data
    for block in (*data.images, *data.fonts, *data.movieclips, *data.volumes, *data.cache_files, *data.sounds):
        there = elsewhere(moved, block.filepath, block.library) if block.filepath else None
        if there:
            block.filepath = there
