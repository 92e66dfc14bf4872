"""What pictures tell of the file and of the machine, in their metadata and burnt in as a stamp."""

import contextlib
import ctypes
import os

import bpy

# The struct `Main` begins so in all of Blender's versions: two pointers, and the path of the open file.
PATH_AT = 2 * ctypes.sizeof(ctypes.c_void_p)
PATH_BYTES = 1024


def lead_absolutely():
    """Lets every path of the file begin at the root, because `a:b.mkv` alone would be a protocol for the library that reads films."""
    bpy.ops.file.make_paths_absolute()


@contextlib.contextmanager
def shown_as(named):
    """
    Lets Blender show the file by the name that its owner gave it. It shows the path of the open file, which Python cannot set,
    and which is one of this machine. Relative paths then begin at the current folder.
    """
    place = bpy.data.as_pointer() + PATH_AT
    opened = os.fsencode(bpy.data.filepath)
    name = os.fsencode(named["name"]) if named else b""
    # Elsewhere is the path only in a Blender that nobody knows yet: it shows the path.
    if not name or len(name) >= PATH_BYTES or ctypes.string_at(place, len(opened) + 1) != opened + b"\0":
        yield
        return
    folder = os.getcwd()
    os.chdir(named["folder"])
    ctypes.memmove(place, name + b"\0", len(name) + 1)
    try:
        yield
    finally:
        ctypes.memmove(place, opened + b"\0", len(opened) + 1)
        os.chdir(folder)


def hide_machine(scene):
    """Keeps the name of the machine, which a sandbox has not, out of pictures. Returns notes."""
    if not scene.render.use_stamp_hostname:
        return []
    scene.render.use_stamp_hostname = False
    return ["no host name in the stamp: it would be that of a machine of the mesh"]
