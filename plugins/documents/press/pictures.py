"""Pictures of stored files: opened by us alone, made small, written anew, embedded as data. No SVG, no bombs."""

from __future__ import annotations

import base64
import io
import warnings
from pathlib import Path
from typing import Any

from PIL import Image

from plugins.documents.press import limits

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")


def redrawn(path: str | Path) -> tuple[bytes, str] | None:
    """The picture as PNG or JPEG of at most `PICTURE_SIDE` pixels a side; None for anything that is no picture."""
    try:
        if Path(path).stat().st_size > limits.MAX_PICTURE_BYTES:
            return None
        Image.MAX_IMAGE_PIXELS = limits.MAX_PICTURE_PIXELS
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as picture:
                if picture.width * picture.height > limits.MAX_PICTURE_PIXELS:
                    return None
                return _written(picture)
    except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError, Warning):
        return None


def _written(picture: Image.Image) -> tuple[bytes, str]:
    picture.draft("RGB", (limits.PICTURE_SIDE, limits.PICTURE_SIDE))
    clear = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    picture = picture.convert("RGBA" if clear else "RGB")
    picture.thumbnail((limits.PICTURE_SIDE, limits.PICTURE_SIDE))
    target = io.BytesIO()
    drawing = clear or len(picture.getcolors(4096) or ()) > 0
    picture.save(target, "PNG" if drawing else "JPEG", **({} if drawing else {"quality": 90}))
    return target.getvalue(), "image/png" if drawing else "image/jpeg"


def data_uri(content: bytes, mime: str) -> str:
    """For `src`."""
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"


class Album:
    """The pictures of one letter by checksum, each redrawn once; `lost` are those that could not be."""

    def __init__(self, paths: dict[str, str]) -> None:
        self.paths = paths
        self.lost: list[str] = []
        self._known: dict[str, tuple[bytes, str] | None] = {}

    def get(self, checksum: str) -> tuple[bytes, str] | None:
        """Content and type of one picture."""
        if checksum not in self._known:
            path = self.paths.get(checksum)
            self._known[checksum] = redrawn(path) if path else None
            if self._known[checksum] is None:
                self.lost.append(checksum)
        return self._known[checksum]

    def embed(self, value: Any) -> Any:
        """The data with every {"$picture": checksum} turned into a data URI."""
        if isinstance(value, dict):
            if set(value) == {"$picture"}:
                found = self.get(value["$picture"])
                return data_uri(*found) if found else None
            return {k: self.embed(v) for k, v in value.items()}
        return [self.embed(v) for v in value] if isinstance(value, list) else value
