"""Graphics cards that Cycles computes with. Blender calls them devices, and the way to drive one its type."""

import bpy

from refusal import Refusal

MOST_WORDS = 64


def found(backends):
    """The graphics cards of these backends that Cycles finds."""
    import _cycles

    every = [(backend, *device[:3]) for backend in backends for device in _cycles.available_devices(backend)]
    return [{"backend": backend, "id": place, "name": name} for backend, name, kind, place in every if kind == backend]


def preferences():
    return bpy.context.preferences.addons["cycles"].preferences


def use(ask):
    """Has Cycles compute all scenes with the cards of the request. Where one is gone, Cycles would take the processors without a word."""
    backend, wanted = ask["backend"], ask["ids"]
    here = [device["id"] for device in found([backend])]
    gone = [place for place in wanted if place not in here]
    if gone:
        raise Refusal("AGENT_ERROR", f"Cycles no longer finds the graphics card {', '.join(gone)}")
    own = preferences()
    own.compute_device_type = backend
    own.refresh_devices()
    for entry in own.devices:
        entry.use = (entry.type == backend and entry.id in wanted) or (entry.type == "CPU" and ask["withCpu"])
    for scene in bpy.data.scenes:
        scene.cycles.device = "GPU"


def has_optix(scene):
    """Whether a scene is rendered by OptiX, which has a denoiser of its own."""
    return scene.cycles.device == "GPU" and preferences().compute_device_type == "OPTIX"


def words(scene):
    """What Cycles computes a scene with, for people: `OPTIX: NVIDIA GeForce RTX 4090 + CPU`."""
    if scene.cycles.device == "CPU":
        return "CPU"
    own = preferences()
    used = [entry for entry in own.devices if entry.use and entry.type in {own.compute_device_type, "CPU"}]
    names = [entry.name for entry in used if entry.type != "CPU"] + ["CPU" for entry in used if entry.type == "CPU"]
    text = f"{own.compute_device_type}: {' + '.join(names)}"
    return text if len(text) <= MOST_WORDS else text[: MOST_WORDS - 1] + "…"
