"""
The command ``dartio``: finds the client that the command line names, and runs it.

Rule: nothing that takes long to import is imported before a client is chosen, so that
``dartio --help`` answers at once.
"""

from __future__ import annotations

import os
import sys
from argparse import SUPPRESS, Action, ArgumentParser
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from .errors import ClientError as ClientError

HTTP_CLIENTS = {
    "get": "print what a URL answers",
    "guess": "guess the thinker's number",
    "note": "save a note, or get one back",
    "write": "store a JSON document",
}
"""Clients that send requests: their ``main`` takes an HTTP client besides."""

WIRE_CLIENTS = {"inspect": "show what is sent and answered, part by part"}
"""Clients that make connections themselves."""

STORE_CLIENTS = {"store": "copy what one store keeps into another"}
"""Clients that open stores themselves."""

FOLDER_CLIENTS = {
    "learn": "do the exercises of the course",
    "new": "make a package of your own: server, test, systemd unit",
}
"""Clients that ask no server: they write files for whoever is at the terminal."""

CLIENTS = dict(
    sorted((HTTP_CLIENTS | WIRE_CLIENTS | STORE_CLIENTS | FOLDER_CLIENTS).items())
)

FOLDER_COMMANDS = FOLDER_CLIENTS.keys() | STORE_CLIENTS.keys()
"""Those for which a name of a file counts from the current folder."""

FOLDER_GONE = "the current folder has been removed: go to another one with cd"
"""What the system calls ``No such file or directory``, of whatever is to be made."""

MISTYPED_LIKENESS = 0.7
"""How alike a word must be to be taken for a command (difflib's ratio)."""

OPTIONS = ("--help", "-h", "--version")
"""What may stand in the place of a command."""

INTERRUPTED_EXIT_CODE = 130
"""What a shell sees of a program that Ctrl-C ended: 128 + SIGINT."""

USAGE_EXIT_CODE = 2
"""What argparse ends with when a command line is wrong; so do go, uv and Click."""


class _Parser(ArgumentParser):
    """A parser that tells when its help cannot be written; some argparse does not."""

    def print_help(self, file: Any = None) -> None:
        print(self.format_help(), end="", file=file)


class ShowVersion(Action):
    """Print the version; it is looked up only when somebody asks."""

    def __init__(self, option_strings: Sequence[str], dest: str, **more: Any) -> None:
        super().__init__(option_strings, SUPPRESS, nargs=0, **more)

    def __call__(self, parser: ArgumentParser, *_: Any) -> None:
        from importlib.metadata import version

        print(f"dartio-tut {version('dartio-tut')}")
        parser.exit()


def run(
    arguments: Sequence[str] | None = None,
    others: Mapping[str, tuple[str, Callable[[Sequence[str]], None]]] | None = None,
) -> None:
    """
    Run the client that *arguments* (the command line) name.

    :param others: commands that are no clients: what each is for, and what is called
        with the words that follow its name.
    """
    words = sys.argv[1:] if arguments is None else arguments
    others = others or {}
    parser = _Parser(
        prog="dartio",
        description="Clients and servers of the HTTP tutorial.",
        epilog="dartio COMMAND --help shows the options of one.",
    )
    parser.add_argument("--version", action=ShowVersion, help="print the version")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    summaries = CLIENTS | {name: summary for name, (summary, _) in others.items()}
    for name, summary in sorted(summaries.items()):
        commands.add_parser(name, help=summary, add_help=False)
    if not words:  # a person wants to see what there is; a script has made an error
        parser.print_help(sys.stderr)
        raise SystemExit(USAGE_EXIT_CODE)
    if why := _why_no_command(words[0], summaries):
        parser.error(why)
    with _writing_help():
        chosen = parser.parse_args(words[:1]).command  # which parses the other words
    if chosen in {*FOLDER_COMMANDS, *others} and not _is_in_a_folder():
        parser.exit(1, f"dartio: {FOLDER_GONE}\n")
    try:
        if chosen in others:
            others[chosen][1](words[1:])
            return
        run_client(import_module(f".{chosen}", __package__), words[1:])
    except KeyboardInterrupt:  # before the reactor takes care of Ctrl-C
        raise SystemExit(INTERRUPTED_EXIT_CODE) from None


@contextmanager
def _writing_help() -> Iterator[None]:
    """
    Say it if the text of ``--help`` or ``--version`` cannot be written.

    :raise SystemExit: then.
    """
    try:
        try:
            yield
        finally:
            if sys.stdout is not None:  # closed by whoever started us
                sys.stdout.flush()
    except OSError as error:
        from .running import report

        raise SystemExit(report(error)) from None


def _why_no_command(word: str, commands: Iterable[str]) -> str:
    """
    What is wrong with the first *word* of a command line, where argparse would say it
    less clearly; nothing if it is one of *commands* or an option.
    """
    if word.startswith("-"):
        if word in OPTIONS or (
            len(word) > 2 and any(option.startswith(word) for option in OPTIONS)
        ):
            return ""
        return f"{word} is no option of dartio; name a command first"
    if f"--{word}" in OPTIONS:
        return f"{word!r} is no command; is --{word} meant?"
    near = get_close_matches(word.lower(), commands, 1, MISTYPED_LIKENESS)
    if not near or word in near:
        return ""
    return f"{word!r} is no command; is {near[0]} meant?"


def _is_in_a_folder() -> bool:
    """Whether the current folder is still there."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return False
    return True


def run_alone(client: Any) -> None:
    """Run *client*, a module that was started with ``python -m``."""
    run_client(client, sys.argv[1:])


def run_client(client: Any, words: Sequence[str]) -> None:
    """
    Run *client*, a module with ``add_arguments`` and ``main``, with its *words*. It may
    have ``why_wrong``, which says what is wrong with arguments that do not go together.
    """
    name = client.__spec__.name.rpartition(".")[2]
    parser = _Parser(prog=f"dartio {name}", description=CLIENTS[name])
    client.add_arguments(parser)
    if name in HTTP_CLIENTS | WIRE_CLIENTS:
        from .arguments import add_exchange_options

        add_exchange_options(parser)
    with _writing_help():
        parsed = parser.parse_args(words)
        if hasattr(client, "why_wrong") and (why := client.why_wrong(parsed)):
            parser.error(why)
    from .running import run_in_reactor

    run_in_reactor(client, parsed, needs_web=name in HTTP_CLIENTS)
