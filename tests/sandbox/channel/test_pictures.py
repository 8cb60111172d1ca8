"""Small PNG pictures of a cell are kept, and nothing else that calls itself one."""

import base64
import json
import struct

import msgspec
import pytest

from grader.sandbox.channel.messages import MAX_PICTURE, ClearOutput, Display
from grader.sandbox.channel.outputs import MOST_PICTURES, Outputs
from grader.sandbox.channel.pictures import small_png


def png(width: int = 640, height: int = 480, more: bytes = b"") -> str:
    header = struct.pack(">8sI4sII", b"\x89PNG\r\n\x1a\n", 13, b"IHDR", width, height)
    return base64.b64encode(header + more).decode()


def display(picture: object) -> Display:
    return msgspec.json.decode(json.dumps({"data": {"text/plain": "<Figure>", "image/png": picture}}), type=Display)


@pytest.mark.parametrize(
    "text", ["", "no", "PHN2Zz4=", png()[:8], png(100_000, 100_000), png(0, 5), png() + '"><script>']
)
def test_other_things_are_no_small_picture(text):
    assert small_png(text) == ""


def test_a_small_picture_is_kept_in_one_line():
    assert small_png(png()[:10] + "\n" + png()[10:] + "\n") == png()


@pytest.mark.parametrize("picture", [None, 5, [png()], "A" * (MAX_PICTURE + 1), png(9_999, 9_999)])
def test_a_display_of_anything_else_has_none(picture):
    assert display(picture).picture == ""


def test_pictures_are_kept_within_the_room_and_cleared_with_the_text():
    one = display(png(more=b"x" * 300))
    outputs = Outputs(1000, 10 * len(one.picture))
    for _ in range(20):
        outputs.take("display_data", one)
    assert outputs.pictures == (one.picture,) * MOST_PICTURES
    outputs.take("clear_output", ClearOutput())
    assert outputs.pictures == ()
    tight = Outputs(1000, len(one.picture) + 1)
    tight.take("display_data", one)
    tight.take("display_data", one)
    tight.take("update_display_data", one)
    assert tight.pictures == (one.picture,)
    assert Outputs(1000).pictures == ()
