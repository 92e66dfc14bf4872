"""Prints the files that the driver misses in scenes: blender --background --python missing.py -- FOLDER-OF-THE-DRIVER FILE.blend …"""

import json
import sys

import bpy

driver, *files = sys.argv[sys.argv.index("--") + 1 :]
sys.path.insert(0, driver)

import assets

for file in files:
    bpy.ops.wm.open_mainfile(filepath=file, load_ui=False)
    seen, _ = assets.missing(bpy.context.scene)
    print("MISSING", json.dumps({"file": file, "missing": [each["path"] for each in seen]}))
