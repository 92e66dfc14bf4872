"""File formats of pictures: those that the mesh delivers, and what stands in for the others."""

DELIVERED = {"PNG", "JPEG", "OPEN_EXR", "OPEN_EXR_MULTILAYER", "TIFF", "WEBP"}
MOVIES = {"FFMPEG", "AVI_JPEG", "AVI_RAW"}
# By format: what keeps all that the other can hold.
INSTEAD = {
    "HDR": ("OPEN_EXR", "32"),
    "CINEON": ("OPEN_EXR", "16"),
    "DPX": ("OPEN_EXR", "16"),
    "JPEG2000": ("PNG", "16"),
}
OTHERWISE = ("PNG", "8")


def choose(image, file_format, depth=None):
    """Sets the format of image settings, and leaves the rest as the file has it."""
    # Since 5.0 the formats depend on it.
    if hasattr(image, "media_type"):
        image.media_type = "MULTI_LAYER_IMAGE" if file_format == "OPEN_EXR_MULTILAYER" else "IMAGE"
    image.file_format = file_format
    if depth:
        image.color_depth = depth
    try:
        image.views_format = image.views_format
    except TypeError:
        # How the former format held both eyes.
        image.views_format = "INDIVIDUAL"


def keep(image):
    """Keeps the format of image settings if the mesh delivers it. Returns a note if it does not."""
    wanted = image.file_format
    if wanted in DELIVERED:
        return None
    chosen, depth = INSTEAD.get(wanted, OTHERWISE)
    choose(image, chosen, depth)
    return f"the file names the movie format {wanted}: frames are {chosen}" if wanted in MOVIES else (
        f"the file names the format {wanted}, which is not delivered: {chosen} instead"
    )
