"""The files of a frame: the picture, one for each eye where the file says so, and those of File Output nodes."""

import os
import re

import formats

# With the picture itself.
MOST = 65
MOST_LABEL = 60
NODE = "CompositorNodeOutputFile"
# Begins the names of the files of nodes in the work folder; frames are numbers there.
PREFIX = "node"


def safe(text):
    """Text as a part of a file name."""
    return re.sub(r"[^\w-]+", "_", text).strip("_")[:MOST_LABEL]


def views_of(scene):
    """The views that are rendered; none if there is only one."""
    render = scene.render
    if not render.use_multiview:
        return []
    views = [view for view in render.views if view.use]
    if render.views_format == "STEREO_3D":
        views = [view for view in views if view.name in {"left", "right"}]
    return views if len(views) > 1 else []


def name_views(scene):
    """Gives each view an ending that is a file name and no other's."""
    taken = set()
    for view in views_of(scene):
        ending = f"_{safe(view.file_suffix)}"
        while ending in taken:
            ending += f"_{safe(view.name) or 'x'}"
        taken.add(ending)
        view.file_suffix = ending


def endings(scene):
    """What follows the frame in the names of its pictures: one, or one for each view."""
    apart = scene.render.image_settings.views_format == "INDIVIDUAL"
    views = [view.file_suffix for view in views_of(scene)] if apart else []
    return [f"{view}{scene.render.file_extension}" for view in views or [""]]


def stretch(scene):
    """How many times wider and higher a picture of both eyes is than one of one eye."""
    image = scene.render.image_settings
    if not views_of(scene) or image.views_format != "STEREO_3D" or image.stereo_3d_format.use_squeezed_frame:
        return [1, 1]
    mode = image.stereo_3d_format.display_mode
    return [2 if mode == "SIDEBYSIDE" else 1, 2 if mode == "TOPBOTTOM" else 1]


class NodeFiles:
    """File Output nodes, also in groups, whose files were led to the work folder."""

    def __init__(self, tree, folder):
        self.folder = folder
        self.labels = {}
        self.notes = []
        self.nodes = 0
        self.lead(tree, [])

    def lead(self, tree, seen):
        if tree is None or tree in seen:
            return
        seen.append(tree)
        for node in tree.nodes:
            if node.mute:
                continue
            if node.bl_idname == NODE:
                self.lead_node(node)
            self.lead(getattr(node, "node_tree", None), seen)

    def label(self, prefix, *parts):
        label = "-".join(filter(None, map(safe, parts))) or "x"
        while label in self.labels.values():
            label += "_"
        self.labels[prefix] = label

    def keep_format(self, image, node):
        note = formats.keep(image)
        if note:
            self.notes.append(f"{node.name}: {note}")

    def lead_node(self, node):
        self.keep_format(node.format, node)
        is_layered = node.format.file_format == "OPEN_EXR_MULTILAYER"
        name = node.label or node.name
        # Without a dot, before which Blender would put the eye.
        own = f"{PREFIX}{self.nodes}-"
        self.nodes += 1
        is_new = hasattr(node, "file_output_items")
        if is_new:
            node.directory, node.file_name = self.folder, own
        else:
            node.base_path = os.path.join(self.folder, own) if is_layered else self.folder
        if is_layered:
            # Its slots are layers of one file.
            self.label(own, name)
            return
        for i, slot in enumerate(node.file_output_items if is_new else node.file_slots):
            uses_own = slot.override_node_format if is_new else not slot.use_node_format
            if uses_own:
                self.keep_format(slot.format, node)
            self.label(f"{own}{i}-", name, slot.name if is_new else slot.path)
            if is_new:
                slot.name = f"{i}-"
            else:
                slot.path = f"{own}{i}-"

    def names(self):
        return sorted(name for name in os.listdir(self.folder) if name.startswith(PREFIX)) if self.nodes else []

    def clear(self):
        """Removes what an earlier frame left."""
        for name in self.names():
            os.remove(os.path.join(self.folder, name))

    def found(self):
        """The files of this frame: their names in the folder, and what follows the frame in their names for people."""
        for name in self.names():
            prefix = max((each for each in self.labels if name.startswith(each)), key=len, default=None)
            if prefix is not None:
                # Blender numbers them by the frame, and names the eye.
                extension = os.path.splitext(name)[1]
                eye = safe(re.sub(r"^\d+", "", name[len(prefix) : -len(extension)]))
                yield {"name": name, "ending": f".{self.labels[prefix]}{f'_{eye}' if eye else ''}{extension}"}
