"""Replacements for the package google.colab, so that notebooks written on Colab run anywhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

from grader.in_kernel.colab.paths import Redirected


class SecretNotFoundError(Exception):
    """There is no such secret: the secrets of a Colab account are not available."""


class NotebookAccessError(Exception):
    """Never raised; it exists because notebooks may catch it."""


class DataTable:
    """Colab's interactive table, here the plain data frame."""

    def __init__(self, dataframe: object, *_: object, **__: object) -> None:
        self.dataframe = dataframe

    def __repr__(self) -> str:
        return repr(self.dataframe)


def install(redirected: Redirected) -> None:
    """Make `import google.colab` and its modules work, even if another package named google is installed."""
    sys.meta_path.insert(0, _Finder(_modules(redirected)))
    sys.meta_path.append(_Finder({"google": {}}))  # last, so that an installed package named google comes first


def _modules(redirected: Redirected) -> dict[str, Mapping[str, object]]:
    def mount(mountpoint: str, *_: object, **__: object) -> None:
        if os.path.isabs(mountpoint):
            redirected.add(mountpoint, Path.cwd() / "drive" / mountpoint.strip("/").replace("/", "_"))
        os.makedirs(os.path.join(mountpoint, "MyDrive"), exist_ok=True)
        print(f"Mounted at {mountpoint}\n[grader] this folder is empty: the grader has no access to your Drive")

    def secret(key: str) -> str:
        raise SecretNotFoundError(
            f"the grader has no secret {key!r}: your notebook must run without the secrets of your Colab account"
        )

    def nothing(*_: object, **__: object) -> None:
        return None

    return {
        "google.colab": {},
        "google.colab.auth": {"authenticate_user": nothing, "authenticate_service_account": nothing},
        "google.colab.data_table": {
            "DataTable": DataTable,
            "disable_dataframe_formatter": nothing,
            "enable_dataframe_formatter": nothing,
        },
        "google.colab.drive": {"mount": mount, "flush_and_unmount": nothing},
        "google.colab.files": {"upload": lambda *_, **__: {}, "download": nothing, "view": nothing},
        "google.colab.output": {
            "clear": _clear,
            "disable_custom_widget_manager": nothing,
            "enable_custom_widget_manager": nothing,
            "eval_js": nothing,
            "no_vertical_scroll": nothing,
            "register_callback": nothing,
        },
        "google.colab.patches": {"cv2_imshow": _imshow},
        "google.colab.runtime": {"unassign": nothing},
        "google.colab.userdata": {
            "NotebookAccessError": NotebookAccessError,
            "SecretNotFoundError": SecretNotFoundError,
            "get": secret,
        },
        "google.colab.widgets": {},
    }


def _clear(wait: bool = False, *_: object, **__: object) -> None:
    from IPython.display import clear_output

    clear_output(wait=wait)


def _imshow(image: Any) -> None:
    """Show an image in OpenCV's format: grey, or blue, green, red and maybe alpha."""
    import numpy as np
    from IPython.display import display
    from PIL import Image

    pixels = np.clip(image, 0, 255).astype("uint8")
    if pixels.ndim == 3:
        pixels = pixels[..., [2, 1, 0, *range(3, pixels.shape[2])]]
    display(Image.fromarray(pixels))


class _Finder(MetaPathFinder, Loader):
    """Find modules that consist of the given attributes; each counts as a package."""

    def __init__(self, modules: Mapping[str, Mapping[str, object]]) -> None:
        self._modules = modules

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return spec_from_loader(fullname, self, is_package=True) if fullname in self._modules else None

    def exec_module(self, module: ModuleType) -> None:
        for name, value in self._modules[module.__name__].items():
            setattr(module, name, value)
