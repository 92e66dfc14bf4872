"""Runs inside Blender and renders one requested frame after the other. The scene stays in memory.

Requests are JSON lines on stdin: {"id", "do": "open" | "render" | "tile" | "merge" | "bake" | "probe" | "devices", ...}. Each gets one answer on stdout: the byte
0x1E, a JSON object with the same id, and a newline. Blender's own output shares stdout and may stand between the answers.
An answer has "ok"; if it is false, also "failure" (a failure class) and "reason". A message with "progress" in place of "ok"
may come before the answer: the current step of the render, in Blender's words.
"""

import ctypes
import fnmatch
import json
import os
import sys
import time
import traceback

import bpy

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import assets  # noqa: E402
import devices  # noqa: E402
import engines  # noqa: E402
import files  # noqa: E402
import moved  # noqa: E402
import naming  # noqa: E402
import physics  # noqa: E402
import reach  # noqa: E402
import scripts  # noqa: E402
import settings  # noqa: E402
import tiles  # noqa: E402
import zones  # noqa: E402
from refusal import Refusal  # noqa: E402


class Opened:
    """
    The scene that `open` chose, the notes for each of its pictures, the nodes that write further files, who plays its physics, and
    how pictures name the file.
    """

    def __init__(self, scene, notes, node_files, player=None, named=None):
        self.scene = scene
        self.notes = notes
        self.node_files = node_files
        self.player = player
        self.named = named


# Blender tells of every object that it prepares.
LEAST_SECONDS_BETWEEN_PROGRESS = 0.1

opened = None
current_id = None
# The last frame, while physics is being baked.
baking = None
told_progress_at = 0.0
libc = ctypes.CDLL(None)


def words(error):
    return str(error).removeprefix("Error: ").strip()


def load(path):
    try:
        bpy.ops.wm.open_mainfile(filepath=path, load_ui=False, use_scripts=False)
    except RuntimeError as error:
        text = words(error)
        for named, meant in ((f"blend file '{path}'", "it"), (f"file '{path}'", "the file"), (f"'{path}'", "the file")):
            text = text.replace(named, meant)
        raise Refusal("SCENE_UNREADABLE", text) from error
    if not bpy.data.filepath or not bpy.data.scenes:
        raise Refusal("SCENE_UNREADABLE", "the file holds no scene")
    if tuple(bpy.data.version[:2]) > tuple(bpy.app.version[:2]):
        wrote, have = (".".join(map(str, version[:2])) for version in (bpy.data.version, bpy.app.version))
        raise Refusal("AGENT_ERROR", f"written by Blender {wrote}; this is {have}, which would leave parts out")


def choose_scene(name):
    if not name:
        return bpy.context.scene
    scene = bpy.data.scenes.get(name)
    if scene is None:
        names = ", ".join(each.name for each in bpy.data.scenes)
        raise Refusal("SCENE_UNREADABLE", f"no scene {name}; the file has: {names}")
    if bpy.context.window:
        bpy.context.window.scene = scene
    return scene


def listed(files):
    text = ", ".join(f"{each['kind']} {each['path']}" for each in files[:10])
    return text + (f" and {len(files) - 10} more" if len(files) > 10 else "")


def is_allowed(path, patterns):
    """Whether a file may be missing: a pattern matches its path or its name. `*` and `?` alone have a meaning."""
    name = path.replace("\\", "/").rsplit("/", 1)[-1]
    plain = [pattern.replace("[", "[[]") for pattern in patterns]
    return any(fnmatch.fnmatchcase(each, pattern) for pattern in plain for each in (path, name))


def has_camera(scene):
    return scene.camera or any(marker.camera for marker in scene.timeline_markers)


def check_camera(scene):
    """Every frame would fail without a camera, unless strips or the compositor make the picture without one."""
    if scene.render.use_sequencer and scene.sequence_editor and settings.strips_of(scene):
        return
    tree = settings.compositor_tree(scene) if scene.render.use_compositing else None
    layers = [node for node in tree.nodes if node.bl_idname == "CompositorNodeRLayers"] if tree else []
    rendered = {node.scene or scene for node in layers if not node.mute} if tree else {scene}
    for each in rendered:
        if not has_camera(each):
            cameras = ", ".join(item.name for item in each.objects if item.type == "CAMERA")
            text = f"its cameras are: {cameras}" if cameras else "it has none"
            raise Refusal("SCENE_UNREADABLE", f"the scene {each.name} has no active camera; {text}")


def open_scene(ask):
    global opened
    opened = None
    load(ask["file"])
    moved.follow(ask["moved"])
    scene = choose_scene(ask.get("scene"))
    if ask.get("engine"):
        engines.choose(scene, ask["engine"])
    else:
        engines.of(scene)
    if ask.get("camera"):
        settings.choose_camera(scene, ask["camera"])
    check_camera(scene)
    missing, unseen = assets.missing(scene)
    # What is baked must stay as the file has it.
    is_bake = ask.get("physics") == "bake"
    notes = [] if is_bake else settings.apply(scene, ask)
    left_out = [] if is_bake else scripts.leave_out()
    if ask.get("viewLayer") and not is_bake:
        notes += settings.choose_view_layer(scene, ask["viewLayer"])
    tree = settings.compositor_tree(scene) if scene.render.use_compositing and not is_bake else None
    node_files = files.NodeFiles(tree, ask["folder"])
    notes += node_files.notes
    if unseen:
        notes.append(f"not in the file, and nothing shown needs it: {listed(unseen)}")
    zones.make_readable(reach.shown(scene), os.path.dirname(bpy.data.filepath) if is_bake else ask["folder"])
    player = consider_physics(scene, ask.get("physics"), notes)
    if missing:
        refused = [] if ask["allowMissing"] else [each for each in missing if not is_allowed(each["path"], ask["allowedMissing"])]
        if refused:
            step = "put them where the file says, pack them (File > External Data > Pack Resources), or let them be missing (render.allowed_missing)"
            raise Refusal("MISSING_ASSETS", f"not in the file: {listed(refused)}; {step}", names=[m["path"] for m in refused])
        what = "1 missing file" if len(missing) == 1 else f"{len(missing)} missing files"
        notes.append(f"rendered without {what}: {listed(missing)}")
    # First, because it changes the picture most.
    notes = left_out + notes
    if bpy.app.autoexec_fail:
        notes.insert(0, f"scripts in the file were not run: {bpy.app.autoexec_fail_message}")
    if not is_bake:
        naming.lead_absolutely()
        notes += [] if ask["confined"] else naming.hide_machine(scene)
    opened = Opened(scene, notes, node_files, player, ask["named"])
    whole = tiles.why_whole(scene, ask["tiles"]) if ask.get("tiles") and not is_bake else ""
    return {**settings.facts(scene), "whole": whole}


def consider_physics(scene, choice, notes):
    """Refuses physics that is not baked, notes it, or returns who plays it, as the request wants it."""
    unbaked = physics.unbaked(scene)
    if not unbaked or choice == "bake":
        return None
    if choice == "refuse":
        physics.refuse_unbaked(unbaked)
    if choice == "in-order":
        player = physics.Player(scene)
        # Without a bake, blender -a shows cloth and rigid bodies stand still after the first frame, in 3.4 at least.
        played = f"not baked, but played from frame {player.first} on, as Blender bakes it (plain blender -a can show other frames)"
        notes.append(f"{played}: {physics.listed(unbaked)}")
        return player
    notes.append(f"not baked, so frames may not fit together: {physics.listed(unbaked)}")
    return None


def at_frame(frame):
    """Shows a frame. Returns the scene."""
    if opened is None:
        raise Refusal("AGENT_ERROR", "no scene is open")
    # Rendering a scene uses the frame of the context's scene, so both are set.
    for each in {bpy.context.scene, opened.scene}:
        each.frame_set(frame)
    return opened.scene


def tile(ask):
    scene = at_frame(ask["frame"])
    try:
        whole, rows = tiles.render_strip(scene, ask["number"], ask["of"], ask["file"])
    except RuntimeError as error:
        raise Refusal("RENDER_ERROR", words(error)) from error
    return {"whole": whole, "rows": rows}


def merge(ask):
    scene = at_frame(ask["frame"])
    opened.node_files.clear()
    started = time.monotonic()
    try:
        with naming.shown_as(opened.named):
            tiles.merge(scene, ask["tiles"], os.path.join(ask["folder"], str(ask["frame"])))
    except RuntimeError as error:
        raise Refusal("RENDER_ERROR", words(error)) from error
    return made(scene, ask["frame"], started)


def made(scene, frame, started):
    """The answer for a frame: its picture, and the files of nodes."""
    seconds = time.monotonic() - started
    pictures = [{"name": f"{frame}{ending}", "ending": ending} for ending in files.endings(scene)]
    found = pictures + list(opened.node_files.found())
    notes = list(opened.notes)
    if len(found) > files.MOST:
        left = len(found) - files.MOST
        notes.append(f"{left} files of File Output nodes were left out, because a frame can have at most {files.MOST}")
    return {"frame": scene.frame_current, "seconds": seconds, "notes": notes, "files": found[: files.MOST]}


def bake(ask):
    global baking
    if opened is None:
        raise Refusal("AGENT_ERROR", "no scene is open")
    started = time.monotonic()
    baking = ask["last"]
    try:
        physics.bake(opened.scene, ask["last"])
    except RuntimeError as error:
        raise Refusal("RENDER_ERROR", words(error)) from error
    finally:
        baking = None
    return {"seconds": time.monotonic() - started, "notes": opened.notes}


def render(ask):
    if opened is None:
        raise Refusal("AGENT_ERROR", "no scene is open")
    scene, frame, folder = opened.scene, ask["frame"], ask["folder"]
    opened.node_files.clear()
    started = time.monotonic()
    if opened.player:
        opened.player.play(frame)
    # Rendering a scene uses the frame of the context's scene, so both are set.
    for each in {bpy.context.scene, scene}:
        each.frame_set(frame)
    scene.render.filepath = os.path.join(folder, str(frame))
    try:
        with naming.shown_as(opened.named):
            result = bpy.ops.render.render(write_still=True, scene=scene.name)
    except RuntimeError as error:
        raise Refusal("RENDER_ERROR", words(error)) from error
    if "FINISHED" not in result:
        raise Refusal("RENDER_ERROR", f"the render ended as {', '.join(result) or 'nothing'}")
    return made(scene, frame, started)


def probe(ask):
    """Renders eight by eight pixels of the factory scene, to find out whether an engine works at all."""
    global opened
    scene = bpy.context.scene
    engines.choose(scene, ask["engine"])
    scene.render.resolution_x = scene.render.resolution_y = 8
    notes = settings.apply(scene, {"samples": 1, "scale": 100, "format": "PNG", "device": ask.get("device")})
    opened = Opened(scene, notes, files.NodeFiles(None, ask["folder"]))
    return render({"frame": 1, "folder": ask["folder"]})


def list_devices(ask):
    return {"devices": devices.found(ask["backends"])}


ACTIONS = {"open": open_scene, "render": render, "tile": tile, "merge": merge, "bake": bake, "probe": probe, "devices": list_devices}


@bpy.app.handlers.persistent
def tell_progress(text, _=None):
    """Blender 5 prints nothing while it renders. Blender 3 gives the handler no text; what it prints serves instead."""
    global told_progress_at
    now = time.monotonic()
    is_due = now - told_progress_at >= LEAST_SECONDS_BETWEEN_PROGRESS
    # Samples are counted seldom, and nothing else tells how far the frame is.
    if text and current_id and (is_due or "ample" in text):
        told_progress_at = now
        answer({"id": current_id, "progress": text})


@bpy.app.handlers.persistent
def tell_baking(scene, _=None):
    """Nothing else tells how far a simulation is."""
    if baking is not None:
        tell_progress(f"baking frame {min(scene.frame_current, baking)}/{baking}")


bpy.app.handlers.render_stats.append(tell_progress)
bpy.app.handlers.frame_change_post.append(tell_baking)


def answer(message):
    # Blender's output belongs before the answer, and must not be lost if Blender dies later.
    sys.stdout.flush()
    libc.fflush(None)
    # The first newline ends a line of output that may be incomplete.
    os.write(1, b"\n\x1e" + json.dumps(message).encode("ascii") + b"\n")


def serve():
    global current_id
    while True:
        line = sys.stdin.readline()
        if not line:
            os._exit(0)
        ask = json.loads(line)
        current_id = ask["id"]
        try:
            reply = {"ok": True, **ACTIONS[ask["do"]](ask)}
        except Refusal as refusal:
            reply = {"ok": False, "failure": refusal.failure, "reason": refusal.reason, "names": refusal.names}
        except MemoryError:
            reply = {"ok": False, "failure": "OUT_OF_MEMORY", "reason": "Python ran out of memory", "names": []}
        except Exception as error:
            traceback.print_exc()
            reply = {"ok": False, "failure": "RENDER_ERROR", "reason": f"{type(error).__name__}: {error}", "names": []}
        answer({"id": ask["id"], **reply})


serve()
