"""A render whose layers come out of a file in place of Cycles. All that Blender does with them afterwards is its own."""

import contextlib

import cycles
import cycles.engine

import exr
from refusal import Refusal

# Blender cuts longer names of channels off, so passes would get lost.
MAX_CHANNEL_BYTES = 60
# What programs that read a file need to tell mattes apart.
MATTE_NAMES = "cryptomatte/"


def channels_of(scene, layer):
    """The names of all channels of a view layer, as files name them."""
    return [f"{layer.name}.{name}.{letter}" for name, letters, _ in cycles.engine.list_render_passes(scene, layer) for letter in letters]


class Filler:
    """Gives Blender view layers out of an OpenEXR file."""

    def __init__(self, path):
        self.path = path
        self.names, texts = exr.contents(path)
        self.texts = {name: text for name, text in texts.items() if name.startswith(MATTE_NAMES)}
        self.layers = set()
        self.error = None

    def fill(self, engine, depsgraph):
        scene, layer = depsgraph.scene, depsgraph.view_layer
        lost = next((name for name in channels_of(scene, layer) if name not in self.names), None)
        if lost:
            raise Refusal("RENDER_ERROR", f"the strips lack {lost}")
        for name, letters, _ in cycles.engine.list_render_passes(scene, layer):
            if name != "Combined":
                engine.add_pass(name, len(letters), letters, layer=layer.name)
        render = scene.render
        width, height = (edge * render.resolution_percentage // 100 for edge in (render.resolution_x, render.resolution_y))
        result = engine.begin_result(0, 0, width, height, layer=layer.name)
        result.load_from_file(self.path)
        for name, text in self.texts.items():
            result.stamp_data_add_field(name, text)
        engine.end_result(result)
        self.layers.add(layer.name)

    def render(self, engine, depsgraph):
        """Keeps an error, because Blender only prints it, and makes a black picture."""
        try:
            self.fill(engine, depsgraph)
        except Exception as error:
            # Its frames hold the engine, which Blender frees.
            self.error = error.with_traceback(None)

    def check(self, scene):
        if self.error:
            raise self.error
        lost = next((layer.name for layer in scene.view_layers if layer.use and layer.name not in self.layers), None)
        if lost:
            raise Refusal("RENDER_ERROR", f"Blender did not ask for the view layer {lost}")


@contextlib.contextmanager
def from_file(scene, path):
    """While it lasts, Cycles renders nothing: the layers of the scene are those of an OpenEXR file."""
    filler = Filler(path)
    kind = cycles.CyclesRender
    # Blender looks these methods up each time.
    own = {
        "update": lambda engine, data, depsgraph: None,
        "render": lambda engine, depsgraph: filler.render(engine, depsgraph),
        "render_frame_finish": lambda engine: None,
    }
    before = {name: getattr(kind, name) for name in own}
    for name, method in own.items():
        setattr(kind, name, method)
    try:
        yield
    finally:
        for name, method in before.items():
            setattr(kind, name, method)
    filler.check(scene)
