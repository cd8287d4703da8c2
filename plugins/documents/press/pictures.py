"""Pictures of stored files: opened by us alone, made small, written anew, kept beside the letter. No SVG, no bombs."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

from PIL import Image, ImageFile

from plugins.documents.press import limits

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")
SCHEME = "picture:"
"""Begins the address by which a template names a picture of its album: a list of hundreds stays a short text."""


def redrawn(path: str | Path, side: int = limits.PICTURE_SIDE) -> tuple[bytes, str] | None:
    """The picture as PNG or JPEG of at most `side` pixels a side; None for anything that is no picture."""
    try:
        if Path(path).stat().st_size > limits.MAX_PICTURE_BYTES:
            return None
        Image.MAX_IMAGE_PIXELS = limits.MAX_PICTURE_PIXELS
        ImageFile.LOAD_TRUNCATED_IMAGES = False  # WeasyPrint asks for half pictures of the whole process
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as picture:
                if picture.width * picture.height > limits.MAX_PICTURE_PIXELS:
                    return None
                return _written(picture, side)
    except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError, Warning):
        return None


def _written(picture: Image.Image, side: int) -> tuple[bytes, str]:
    picture.draft("RGB", (side, side))
    clear = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    picture = picture.convert("RGBA" if clear else "RGB")
    picture.thumbnail((side, side))
    target = io.BytesIO()
    drawing = clear or len(picture.getcolors(4096) or ()) > 0
    picture.save(target, "PNG" if drawing else "JPEG", **({} if drawing else {"quality": 90}))
    return target.getvalue(), "image/png" if drawing else "image/jpeg"


class Album:
    """The pictures of one letter by checksum, each redrawn once; `lost` are those that could not be.

    The pictures of a long list are small on paper and so are redrawn smaller: memory and time stay bounded.
    """

    def __init__(self, paths: dict[str, str]) -> None:
        self.paths = paths
        self.side = limits.PICTURE_SIDE if len(paths) <= limits.FEW_PICTURES else limits.SMALL_SIDE
        self.lost: list[str] = []
        self._known: dict[str, tuple[bytes, str] | None] = {}

    def get(self, checksum: str) -> tuple[bytes, str] | None:
        """Content and type of one picture."""
        if checksum not in self._known:
            path = self.paths.get(checksum)
            self._known[checksum] = redrawn(path, self.side) if path else None
            if self._known[checksum] is None:
                self.lost.append(checksum)
        return self._known[checksum]

    def embed(self, value: Any) -> Any:
        """The data with every {"$picture": checksum} turned into its address, or None where it is lost."""
        if isinstance(value, dict):
            if set(value) == {"$picture"}:
                found = self.get(value["$picture"])
                return f"{SCHEME}{value['$picture']}" if found else None
            return {k: self.embed(v) for k, v in value.items()}
        return [self.embed(v) for v in value] if isinstance(value, list) else value
