"""
New: makes a package of one's own, with a server that works and can be changed.

    $ dartio new falcon
    Made falcon. Next:
        cd falcon
        ...

The files are those of `dartio_tut.course.your_own`, with another name.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from importlib.resources import files
from pathlib import Path
from typing import Any

from .command import ClientError, run_alone
from .package_names import check_is_free, parse_package_name

TEMPLATE = "falcon"
"""The name that the template has, in small and in capital letters."""

FILES = {
    "README.md": "README.md",
    "falcon.service": "deploy/falcon.service",
    "gitignore": ".gitignore",
    "plugin.py": "twisted/plugins/falcon_plugin.py",
    "pyproject.toml": "pyproject.toml",
    "server.py": "falcon/server.py",
    "test_server.py": "falcon/test_server.py",
}
"""Where each file of the template goes."""

PACKAGE_TEXT = '"""\nA server that greets whoever asks.\n"""\n'
"""What stands in the package's ``__init__.py``."""


def add_arguments(parser: ArgumentParser) -> None:
    """Tell *parser* what this client understands."""
    parser.add_argument(
        "name",
        metavar="NAME",
        type=_package_name,
        help="of the package, of the server for twistd, and of the folder that is made",
    )
    parser.add_argument(
        "--in",
        dest="folder",
        metavar="FOLDER",
        type=Path,
        default=Path(),
        help="where to make that folder (default: here)",
    )


def _package_name(text: str) -> str:
    try:
        return parse_package_name(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


async def main(reactor: Any, arguments: Namespace) -> None:
    """Make the folder, and print what to do next."""
    folder = arguments.folder / arguments.name
    try:
        _check_place(folder)
        check_is_free(arguments.name)
        make_package(arguments.name, folder)
    except ValueError as error:
        raise ClientError(f"cannot make {folder}: {error}") from None
    except OSError as error:
        what = error.strerror or str(error)
        raise ClientError(f"cannot make {error.filename or folder}: {what}") from None
    print(f"Made {folder}. Next:")
    for command in (
        f"cd {shlex.quote(str(folder))}",
        "export PYTHONPATH=.",
        f"trial {arguments.name}",
        f"twistd -n {arguments.name}",
    ):
        print(f"    {command}")
    print("README.md says what is in it, and how to deploy it.")


def _check_place(folder: Path) -> None:
    """
    See that *folder* can be made where it is to be.

    :raise ValueError: when it is there already, or what it is to be in is not.
    """
    if os.path.lexists(folder):
        raise ValueError("it is there already. Choose another name, or remove it")
    if not folder.parent.exists():
        raise ValueError(f"there is no folder {folder.parent}. Make that first")


def make_package(name: str, folder: Path) -> None:
    """Make the package *name* in *folder*, which must not exist: all of it, or none."""
    texts = package_texts(name)
    folder.mkdir()
    try:
        for path, text in texts.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def package_texts(name: str) -> dict[str, str]:
    """The files of the package *name*: what stands in them, by their paths."""
    template = files("dartio_tut.course") / "your_own"
    texts = {
        path: template.joinpath(source).read_text("utf-8")
        for source, path in FILES.items()
    }
    texts[f"{TEMPLATE}/__init__.py"] = PACKAGE_TEXT
    return {_renamed(path, name): _renamed(text, name) for path, text in texts.items()}


def _renamed(text: str, name: str) -> str:
    return text.replace(TEMPLATE, name).replace(TEMPLATE.upper(), name.upper())


if __name__ == "__main__":
    run_alone(sys.modules[__name__])
