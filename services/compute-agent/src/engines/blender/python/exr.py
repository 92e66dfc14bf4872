"""OpenEXR files, put together row by row without decoding one. Format: https://openexr.com/en/latest/OpenEXRFileLayout.html"""

import mmap
import struct

from refusal import Refusal

MAGIC = 0x01312F76
# The codecs that pack each row by itself: none, RLE and ZIPS.
ROW_BY_ROW = (0, 1, 2)
SEVERAL_PARTS = 0x1000


class Strip:
    """A file of some rows of a picture: its head, its parts, and the places of their rows."""

    def __init__(self, data):
        self.data = data
        if self.number("I", 0) != MAGIC:
            raise Refusal("RENDER_ERROR", "a strip is no OpenEXR file")
        self.has_several = bool(self.number("I", 4) & SEVERAL_PARTS)
        self.at = 8
        self.texts = {}
        # Where the attributes of each part are, by name.
        self.parts = []
        while attributes := self.read_attributes():
            self.parts.append(attributes)
            if not self.has_several:
                break
        self.head = data[: self.at]
        top, bottom = struct.unpack_from("<4xi4xi", data, self.parts[0]["dataWindow"].start)
        self.rows = bottom - top + 1
        self.places = struct.unpack_from(f"<{self.rows * len(self.parts)}Q", data, self.at)
        if any(data[part["compression"].start] not in ROW_BY_ROW for part in self.parts):
            raise Refusal("RENDER_ERROR", "a strip packs several rows together")

    def number(self, kind, at):
        return struct.unpack_from(f"<{kind}", self.data, at)[0]

    def read_text(self):
        end = self.data.find(b"\0", self.at)
        if end == -1:
            raise Refusal("RENDER_ERROR", "a strip is cut off")
        text = self.data[self.at : end]
        self.at = end + 1
        return text.decode("utf-8", "replace")

    def read_attributes(self):
        attributes = {}
        while name := self.read_text():
            kind = self.read_text()
            start = self.at + 4
            self.at = start + self.number("I", self.at)
            attributes[name] = slice(start, self.at)
            if kind == "string":
                self.texts[name] = self.data[start : self.at].decode("utf-8", "replace")
        return attributes

    def channels(self):
        """The names of the channels of all parts."""
        names = set()
        for part in self.parts:
            self.at = part["channels"].start
            while name := self.read_text():
                names.add(name)
                # What a channel holds, and for how many pixels.
                self.at += 16
        return names

    def layout(self):
        """What all strips of a picture have in common."""
        return [
            (struct.unpack_from("<i4xi", self.data, part["dataWindow"].start), self.data[part["channels"]]) for part in self.parts
        ]

    def head_of(self, rows):
        """The head of a picture of so many rows."""
        head = bytearray(self.head)
        for part in self.parts:
            for window in (part["dataWindow"], part["displayWindow"]):
                struct.pack_into("<i", head, window.start + 4, 0)
                struct.pack_into("<i", head, window.start + 12, rows - 1)
            if "chunkCount" in part:
                struct.pack_into("<i", head, part["chunkCount"].start, rows)
        return head

    def chunk(self, part, row, new_row):
        """A packed row, counted from above, as a row of another picture."""
        place = self.places[part * self.rows + row]
        prefix = self.data[place : place + 4] if self.has_several else b""
        start = place + len(prefix) + 8
        length = self.number("i", start - 4)
        packed = self.data[start : start + length]
        if len(packed) != length:
            raise Refusal("RENDER_ERROR", "a strip is cut off")
        return prefix + struct.pack("<ii", new_row, length) + packed


def opened(path):
    with open(path, "rb") as file:
        return Strip(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def contents(path):
    """The names of the channels of a file, and its texts by their names."""
    file = opened(path)
    return file.channels(), file.texts


def stack(paths, kept, path):
    """Writes a picture of strips, from the bottom up. `kept` are the rows of each that the picture has, counted from its bottom: (first, end)."""
    strips = [opened(each) for each in paths]
    top = strips[-1]
    if any(strip.layout() != top.layout() for strip in strips):
        raise Refusal("RENDER_ERROR", "strips have different layers")
    rows = [
        (strip, row)
        for strip, (first, end) in reversed(list(zip(strips, kept)))
        for row in range(strip.rows - end, strip.rows - first)
    ]
    with open(path, "wb") as file:
        head = top.head_of(len(rows))
        file.write(head)
        place = len(head) + 8 * len(rows) * len(top.parts)
        places = []
        file.seek(place)
        for part in range(len(top.parts)):
            for new_row, (strip, row) in enumerate(rows):
                places.append(place)
                place += file.write(strip.chunk(part, row, new_row))
        file.seek(len(head))
        file.write(struct.pack(f"<{len(places)}Q", *places))
