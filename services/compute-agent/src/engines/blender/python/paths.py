"""Where Blender on Linux looks for the paths of a file. `bpy.path.abspath` leaves those of Windows as they are."""

import os
import re

import bpy


def absolute(path, library=None):
    """`C:\\tex` means `/c/tex`; `//` means the folder of the .blend, or of the library that has the path."""
    plain = re.sub(r"^([A-Za-z]):(?=[\\/])", lambda drive: "/" + drive[1].lower(), path).replace("\\", "/")
    if not path.startswith("//"):
        # Of a share of Windows, one slash is left.
        return os.path.normpath("/" + plain.lstrip("/")) if plain.startswith("/") else plain
    base = absolute(library.filepath) if library else bpy.data.filepath
    return os.path.normpath(os.path.join(os.path.dirname(base), plain[2:]))
