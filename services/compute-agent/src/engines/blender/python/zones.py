"""Simulation zones of geometry nodes (since 3.6): finding those that are not baked, and baking them."""

import os
import shutil
import tempfile

import bpy

from refusal import Refusal

END = "GeometryNodeSimulationOutput"


class Zone:
    """A simulation zone of a modifier; before 4.1 all zones of a modifier are baked as one, and `bake` is None."""

    def __init__(self, item, modifier, bake):
        self.item, self.modifier, self.bake = item, modifier, bake

    def folder(self):
        modifier, bake = self.modifier, self.bake
        if bake is None:
            folder = modifier.simulation_bake_directory
        elif bake.use_custom_path:
            folder = bake.directory
        else:
            folder = modifier.bake_directory and os.path.join(modifier.bake_directory, str(bake.bake_id))
        return folder and bpy.path.abspath(folder, library=self.item.library)

    def is_on_disk(self):
        folder = self.folder()
        # Where all zones of a modifier are baked as one, each has a folder in that one.
        return bool(folder) and any(
            name == "meta" and files for name, files in ((os.path.basename(root), files) for root, _, files in os.walk(folder))
        )

    def is_packed(self):
        """Blender tells nobody, but takes out what is packed, which a copy can lose. It writes nothing where a bake lies already."""
        if self.bake is None or not hasattr(self.bake, "bake_target"):
            return False
        copy = self.item.copy()
        try:
            with tempfile.TemporaryDirectory() as folder:
                os.mkdir(os.path.join(folder, "meta"))
                with open(os.path.join(folder, "meta", "00001_00000.json"), "w", encoding="utf-8") as file:
                    file.write("{}")
                bakes = copy.modifiers[self.modifier.name].bakes
                bake = next(each for each in bakes if each.bake_id == self.bake.bake_id)
                bake.use_custom_path, bake.directory = True, folder
                asked = {"session_uid": copy.session_uid, "modifier_name": self.modifier.name, "bake_id": bake.bake_id}
                return "FINISHED" in bpy.ops.object.geometry_node_bake_unpack_single(method="USE_ORIGINAL", **asked)
        finally:
            bpy.data.objects.remove(copy)

    def is_baked(self):
        return self.is_on_disk() or self.is_packed()

    def store(self, scene, last):
        """Bakes it, into the file where this Blender can, up to a frame and one more, which motion blur looks at."""
        bake = self.bake
        if bake is None:
            with bpy.context.temp_override(scene=scene, object=self.item, active_object=self.item, selected_objects=[self.item]):
                bpy.ops.object.simulation_nodes_cache_bake(selected=True)
            return
        if hasattr(bake, "bake_target"):
            bake.bake_target = "PACKED"
        start = bake.frame_start if bake.use_custom_simulation_frame_range else scene.frame_start
        bake.use_custom_simulation_frame_range = True
        bake.frame_start, bake.frame_end = start, max(start, last + 1)
        with bpy.context.temp_override(scene=scene, object=self.item, active_object=self.item):
            bpy.ops.object.geometry_node_bake_single(**self.asked())


    def move(self, source, target, name):
        """
        Puts a copy of the bake in place of it. Blender looks for a bake once, when it opens the file, and again after it was told to
        delete one. It cannot delete this one, because nobody may change its folders meanwhile.
        """
        shutil.copytree(source, target, copy_function=shutil.copyfile)
        folders = [root for root, _, _ in os.walk(target)]
        if self.bake is None:
            self.modifier.simulation_bake_directory = name
        else:
            self.bake.use_custom_path, self.bake.directory = True, name
        for each in folders:
            os.chmod(each, 0o555)
        try:
            if self.bake is None:
                with bpy.context.temp_override(object=self.item, active_object=self.item, selected_objects=[self.item]):
                    bpy.ops.object.simulation_nodes_cache_delete(selected=True)
            else:
                bpy.ops.object.geometry_node_bake_delete_single(**self.asked())
        except RuntimeError as error:
            print(f"the bake in {source} stays: {error}")
        for each in folders:
            os.chmod(each, 0o755)
        if not self.is_on_disk():
            raise Refusal("AGENT_ERROR", f"the bake of geometry nodes in {source} could not be copied")

    def asked(self):
        return {"session_uid": self.item.session_uid, "modifier_name": self.modifier.name, "bake_id": self.bake.bake_id}


def is_writable(folder):
    files = [os.path.join(root, name) for root, _, names in os.walk(folder) for name in names]
    return all(os.access(each, os.W_OK) for each in files)


def make_readable(shown, base):
    """Copies bakes of geometry nodes into a folder, because Blender reads those that it may not write as empty, without a word."""
    for item in list(bpy.data.objects):
        for modifier in item.modifiers if item in shown else ():
            if modifier.type != "NODES":
                continue
            bakes = [Zone(item, modifier, bake) for bake in modifier.bakes] if hasattr(modifier, "bakes") else [Zone(item, modifier, None)]
            for each in bakes:
                source = each.folder()
                if not source or not os.path.isdir(source) or is_writable(source):
                    continue
                name = f"geometry-{len(os.listdir(base))}"
                target = os.path.join(base, name)
                each.move(source, target, f"//{name}" if os.path.dirname(bpy.data.filepath) == base else target)


def has_zone(tree, seen):
    """Whether a tree of nodes, or one inside it, has a simulation zone. `seen`: trees that were looked at."""
    if tree is None or tree in seen:
        return False
    seen.add(tree)
    return any(node.bl_idname == END or has_zone(getattr(node, "node_tree", None), seen) for node in tree.nodes)


def zones_of(item, modifier):
    if not hasattr(modifier, "bakes"):
        return [Zone(item, modifier, None)] if has_zone(modifier.node_group, set()) else []
    return [Zone(item, modifier, bake) for bake in modifier.bakes if bake.node and bake.node.bl_idname == END]


def unbaked(shown):
    """Zones that are computed anew from frame to frame: (what it is for people, the zone, its object)."""
    if not hasattr(bpy.types, END):
        return []
    return [
        (f"simulation of {item.name}", zone, item)
        for item in list(bpy.data.objects)
        if item in shown
        for modifier in item.modifiers
        if modifier.type == "NODES" and modifier.show_render
        for zone in zones_of(item, modifier)
        if not zone.is_baked()
    ]
