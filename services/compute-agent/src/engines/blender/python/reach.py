"""What a scene's pictures can show: a missing file that nothing shown uses spoils no picture."""

import bpy

# Data-blocks that belong to the editor.
EDITOR = (bpy.types.Brush, bpy.types.Screen, bpy.types.WindowManager, bpy.types.WorkSpace, bpy.types.Palette)
# Nodes in which an effect ends. The inputs of zones have no links to their outputs.
ENDS = ("ShaderNodeOutput", "TextureNodeOutput", "NodeGroupOutput", "CompositorNodeComposite", "CompositorNodeOutputFile")
ZONES = "GeometryNode"


def is_end(node):
    name = node.bl_idname
    return name.startswith(ENDS) or (name.startswith(ZONES) and name.endswith("Input"))


def shown_nodes(tree):
    """The nodes of a tree that lead to an output and are not muted."""
    into = {}
    for link in tree.links:
        into.setdefault(link.to_node, []).append(link.from_node)
    waiting = [node for node in tree.nodes if is_end(node)]
    seen = set(waiting)
    while waiting:
        for node in into.get(waiting.pop(), []):
            if node not in seen:
                seen.add(node)
                waiting.append(node)
    return [node for node in seen if not node.mute]


def of_node(node):
    """The data-blocks that a node uses itself."""
    for name in ("image", "node_tree", "clip", "object", "collection", "material", "texture", "mask", "scene"):
        block = getattr(node, name, None)
        if isinstance(block, bpy.types.ID):
            yield block
    for socket in node.inputs:
        value = getattr(socket, "default_value", None)
        if isinstance(value, bpy.types.ID):
            yield value


def tree_of(block):
    """The node tree inside a material, world, light or scene."""
    if isinstance(block, bpy.types.Scene) and hasattr(block, "compositing_node_group"):
        return block.compositing_node_group
    tree = getattr(block, "node_tree", None)
    return tree if tree is not None and getattr(block, "use_nodes", True) else None


def is_hidden(block):
    return isinstance(block, bpy.types.Object) and block.hide_render and block.animation_data is None


def hidden_collections(scene):
    """The collections that no rendered view layer of the scene shows."""
    shown, listed = set(), set()

    def visit(layer, is_rendered):
        is_shown = is_rendered and not layer.exclude and not layer.collection.hide_render
        (shown if is_shown else listed).add(layer.collection)
        for child in layer.children:
            visit(child, is_shown)

    for view_layer in scene.view_layers:
        visit(view_layer.layer_collection, view_layer.use)
    return listed - shown


def is_shown_by(user, used, instanced, hidden):
    """Whether a picture of `user` can show `used`. `instanced`: collections that others than scenes use."""
    if isinstance(user, EDITOR):
        return False
    if user in hidden and user not in instanced:
        return False
    if isinstance(user, bpy.types.Scene) and isinstance(used, bpy.types.Object):
        # Blender counts objects of all collections as used by the scene, also of hidden ones.
        cameras = (user.camera, *(marker.camera for marker in user.timeline_markers))
        return used in cameras or (used.name in user.collection.objects and not is_hidden(used))
    if isinstance(user, bpy.types.Collection) and is_hidden(used):
        # An instance of a collection may show what the collection hides.
        return user in instanced
    if isinstance(user, bpy.types.Camera):
        # Pictures to model by.
        return not isinstance(used, (bpy.types.Image, bpy.types.MovieClip))
    if isinstance(user, bpy.types.Object) and user.type == "EMPTY":
        return not isinstance(used, bpy.types.Image)
    if isinstance(user, bpy.types.Scene):
        return not isinstance(used, (*EDITOR, bpy.types.MovieClip))
    return True


def shown(scene):
    """All data-blocks that the pictures of a scene depend on."""
    uses = {}
    instanced = set()
    for used, users in bpy.data.user_map().items():
        for user in users:
            uses.setdefault(user, []).append(used)
        if isinstance(used, bpy.types.Collection) and not all(
            isinstance(user, (bpy.types.Scene, bpy.types.Collection)) for user in users
        ):
            instanced.add(used)
            instanced.update(used.children_recursive)
    hidden = hidden_collections(scene)
    seen = {scene}
    waiting = [scene]
    while waiting:
        user = waiting.pop()
        tree = user if isinstance(user, bpy.types.NodeTree) else tree_of(user)
        # Blender counts what the nodes use, connected or not, as used by the owner of the tree.
        in_nodes = {used for node in tree.nodes for used in of_node(node)} if tree else set()
        direct = [used for node in shown_nodes(tree) for used in of_node(node)] if tree else []
        direct += [used for used in uses.get(user, []) if used not in in_nodes and is_shown_by(user, used, instanced, hidden)]
        for used in direct:
            if used not in seen:
                seen.add(used)
                waiting.append(used)
    return seen
