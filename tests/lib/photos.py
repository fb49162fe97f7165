"""Photos for tests: real ones, and as many different ones as wanted."""

import hashlib
import io
import struct
from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).resolve().parents[1] / "data" / "photos"
PORTRAIT = (FOLDER / "portrait.jpg").read_bytes()
PNG = (FOLDER / "portrait-small.png").read_bytes()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def with_comment(jpeg, comment):
    """The same picture with a comment in it: another file, another digest."""
    text = comment.encode()
    return jpeg[:2] + b"\xff\xfe" + struct.pack(">H", 2 + len(text)) + text + jpeg[2:]


def drawn(width=64, height=64, form="JPEG", **options):
    out = io.BytesIO()
    Image.new("RGB", (width, height), (200, 120, 40)).save(out, form, **options)
    return out.getvalue()


SMALL = drawn()


def unique(name, jpeg=SMALL):
    return with_comment(jpeg, f"photo {name}")
