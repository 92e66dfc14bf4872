"""Makes of Blender's Python module, in site/ beside this file, a program with the options that the agent and the tests use."""

import os
import runpy
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "site"))
options = sys.argv[1:]


def value(name):
    return options[options.index(name) + 1] if name in options else None


if "--version" in options:
    [version] = (name[4:].split(".dist")[0] for name in os.listdir(os.path.join(here, "site")) if name.startswith("bpy-"))
    print("Blender", version)
    sys.exit(0)

import bpy  # noqa: E402

blend = next((each for each in options if each.endswith(".blend") and "--" not in options[: options.index(each)]), None)
if blend:
    bpy.ops.wm.open_mainfile(filepath=os.path.abspath(blend), use_scripts=False)
script = value("--python") or value("-P")
if script:
    sys.argv = [script, *options]
    runpy.run_path(script, run_name="__main__")
if "--render-anim" in options:
    scene = bpy.context.scene
    scene.render.filepath = value("--render-output")
    scene.frame_start, scene.frame_end = int(value("--frame-start")), int(value("--frame-end"))
    bpy.ops.render.render(animation=True)
sys.stdout.flush()
# The module's own end may take minutes.
os._exit(0)
