"""
Options that are declared, one line for each, in a class attribute::

    class Options(ServerOptions):
        options = (
            flag("listing", "List folders that have no index file."),
            option("charset", "Charset of text files.", parse_charset, "utf-8"),
            repeated_option("index", "Name of an index file.", parse_index_name),
        )

After parsing, ``self["listing"]`` is True or False, ``self["charset"]`` a value and
``self["index"]`` a list. The parent is `twisted.python.usage.Options`, because twistd
asks for it; it calls a method ``opt_NAME`` for each option, and these are made here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from getopt import GetoptError, gnu_getopt
from importlib.metadata import version
from inspect import signature
from typing import Any, ClassVar, NoReturn, Self, cast

from twisted.logger import Logger
from twisted.python.usage import Options, UsageError

from ..startup import error_text, fail_startup, set_program_name
from ..this_worker import config_of_parent
from .elsewhere import (
    CONFIG,
    Found,
    in_environment,
    in_file,
    mistyped_variables,
    nearest_name,
    read_config,
)
from .help_text import help_text
from .option import Option

_log = Logger()

MEANT_LIKENESS = 0.6
"""How alike an option must be to be shown for an unknown one (difflib's ratio)."""

ELSEWHERE_TEXT = (
    "An option may also stand in the environment (DARTIO_MAX_BODY is --max-body) or in "
    "the file that --config names. The command line comes first, the file last."
)
"""What ``--help`` says last."""


class DeclaredOptions(Options):
    """
    Options that are declared, and the one line that says which of them is wrong.

    :cvar options: what this class adds to the options of its bases; one of the same
        name takes the place of the base's.
    :cvar longdesc: what ``--help`` says first.
    :cvar environ: the environment, which has those that the command line has not.
    :ivar given: the names of the options that were given, wherever.
    :ivar command_line: all that it had behind the name of the server.
    :ivar from_another: whether they come from a server that starts this one.
    :ivar config_text: the content of the file ``--config``, if there is one.
    """

    from_another = False
    config_text: str | None = None
    environ: ClassVar[Mapping[str, str]] = os.environ
    options: ClassVar[Sequence[Option]] = ()
    synopsis: ClassVar[str] = "[options]"
    longdesc: ClassVar[str] = ""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        paths = cls.path_names()
        for option in vars(cls).get("options", ()):
            method = _method_for(option, option.name in paths)
            setattr(cls, f"opt_{option.name.replace('-', '_')}", method)
            if option.letter:
                setattr(cls, f"opt_{option.letter}", method)

    def __init__(self) -> None:
        super().__init__()
        self.given: set[str] = set()
        self.command_line: Sequence[str] = ()
        for option in self.declared():
            self.set_default(option.name, copy(option.default))

    @classmethod
    def declared(cls) -> Sequence[Option]:
        """All options, those of the bases first."""
        found: dict[str, Option] = {}
        for base in reversed(cls.__mro__):
            for option in vars(base).get("options", ()):
                found[option.name] = option
        return tuple(found.values())

    @classmethod
    def with_values(
        cls, values: Mapping[str, object], parent: Options | None = None
    ) -> Self:
        """
        Options that have *values*, by name, as if they had been given.

        For a server that starts others; names that this class does not have are
        passed over.

        :param parent: twistd's options, such as the user that it will change to.
        :raise UsageError: when the values do not go together.
        """
        options = cls()
        options.from_another = True
        options.parent = parent
        mine = {n: v for n, v in values.items() if n in options}
        options.update(mine)
        options.given.update(mine)
        options.postOptions()
        return options

    def set_default(self, name: str, default: object) -> None:
        """Let *default* be the value of the option *name* when it is not given."""
        self.defaults[name] = self[name] = default

    def give(self, name: str, value: object) -> None:
        """Let *value*, which has been checked, be the one of the option *name*."""
        self.given.add(name)
        self[name] = value

    def give_argument(
        self, name: str, text: str, check: Callable[[str], object]
    ) -> None:
        """
        Give the option *name* the value that *check* makes of *text*, which stood on
        the command line without the name of an option.

        :raise UsageError: when it is wrong.
        """
        try:
            self.give(name, check(text))
        except (OSError, ValueError) as error:
            raise UsageError(error_text(error)) from None

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """
        Parse *options*.

        :raise StartupError: when one of them is wrong.
        """
        self.command_line = list(sys.argv[1:] if options is None else options)
        if self.parent is not None and self.parent.subCommand:
            set_program_name(str(self.parent.subCommand))
        try:
            if self.parent is not None and not self.parent.get("nodaemon", True):
                os.getcwd()  # twistd needs it to go to the background
            super().parseOptions(self._options_first(options))
        except UsageError as error:
            fail_startup(f"{error} (see --help)")
        except FileNotFoundError as error:
            fail_startup(error_text(error))

    def postOptions(self) -> None:
        """
        Take what the command line has not given from the environment, and what is then
        not given from the file ``--config``.

        :raise UsageError: when something in one of them is wrong.
        """
        if self.from_another:
            return
        declared = self.declared()
        for name, meant in mistyped_variables(declared, self.environ):
            _log.warn("{name} is no option; is {meant} meant?", name=name, meant=meant)
        try:
            self._take(in_environment(declared, self.environ))
            if self.get(CONFIG) is not None:
                self.config_text = config_of_parent()
                if self.config_text is None:
                    self.config_text = read_config(self[CONFIG])
                self._take(in_file(self[CONFIG], self.config_text, declared))
        except (OSError, ValueError) as error:
            raise UsageError(error_text(error)) from None

    def _take(self, found: Iterable[Found]) -> None:
        """Take what was *found* and has not been given elsewhere."""
        given = frozenset(self.given)
        for place, option, value in found:
            if option.name in given:
                continue
            if isinstance(value, bool):
                self.give(option.name, value)
                continue
            for text in value:
                self._set(option, text, place, option.name in self.path_names())

    @classmethod
    def path_names(cls) -> set[str]:
        """The names of the options that were declared as paths, by whichever class."""
        return {
            option.name
            for base in cls.__mro__
            for option in vars(base).get("options", ())
            if option.is_path
        }

    def _set(self, option: Option, text: str, place: str, is_path: bool) -> None:
        """
        Give *option* the value that *text* stands for.

        :param place: where it was given.
        :raise UsageError: when it is wrong.
        """
        if not text:
            raise UsageError(f"{place}: it is empty; give it a value, or leave it out")
        if not is_path:
            text = os.fsencode(text).decode("utf-8", "surrogateescape")
        try:
            checked = option.check(text)
        except OSError as error:  # such as that of a current folder that is not there
            raise UsageError(f"{place}: {error_text(error)}") from None
        except ValueError as error:
            raise UsageError(f"{place}: {error}") from None
        if option.kind == "repeated":
            # What is given takes the place of the default.
            before = self[option.name] if option.name in self.given else []
            checked = [*before, checked]
        self.give(option.name, checked)

    def _options_first(self, line: Sequence[str] | None) -> list[str]:
        """
        Return *line* with its arguments behind its options. People write them in any
        order, but Twisted stops at the first argument.

        :raise UsageError: when an option is none, or lacks its value.
        """
        words = list(sys.argv[1:] if line is None else line)
        try:
            found, arguments = gnu_getopt(words, self.shortOpt, self.longOpt)
        except GetoptError as error:  # Twisted would take what is wrong for arguments
            raise UsageError(_wrong_option_text(error, self.longOpt)) from None
        options: list[str] = []
        for name, value in found:
            takes_value = f"{name[2:]}=" in self.longOpt
            if name.startswith("--"):
                options.append(f"{name}={value}" if takes_value else name)
            else:
                options += (name, value) if f"{name[1]}:" in self.shortOpt else (name,)
        return [*options, "--", *arguments] if arguments else options

    def getUsage(self, width: int | None = None) -> str:
        """The text of ``--help`` below its first line."""
        end = ELSEWHERE_TEXT if CONFIG in self else ""
        return help_text(self.longdesc, self.declared(), self.defaults, width, end)

    def opt_help(self) -> None:
        """Show all options and exit."""
        _show(str(self))

    def opt_version(self) -> None:
        """Show the version and exit."""
        _show(f"dartio-tut {version('dartio-tut')}")


def _show(text: str) -> NoReturn:
    """
    Print *text* and exit, whether or not somebody reads all of it.

    :raise SystemExit: which tells of a disk that is full.
    """
    try:
        print(text, flush=True)  # noqa: T201
    except OSError as error:
        # Python would try again when it ends, and tell of that.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise SystemExit(f"cannot write: {error.strerror}") from None
    raise SystemExit(0)


def _wrong_option_text(error: GetoptError, long_names: Iterable[str]) -> str:
    """What is wrong with an option of a command line, and which one may be meant."""
    known = sorted(name.rstrip("=") for name in long_names)
    begun = [name for name in known if name.startswith(error.opt)]
    if len(begun) > 1 and error.opt not in known:
        wrong = error.msg.partition(";")[0]  # Python 3.14 lists them without --
        return f"{wrong}: it may be {', '.join(f'--{name}' for name in begun)}"
    if begun or len(error.opt) == 1:
        return error.msg
    near = nearest_name(error.opt, known, MEANT_LIKENESS)
    return f"{error.msg}; is --{near} meant?" if near else error.msg


def _method_for(option: Option, is_path: bool) -> Callable[..., None]:
    """The method that Twisted calls each time *option* is given."""

    def set_flag(self: DeclaredOptions) -> None:
        self.give(option.name, True)

    def set_value(self: DeclaredOptions, text: str) -> None:
        self._set(option, text, f"--{option.name}", is_path)

    # Twisted asks for the signature of each method of each instance, which is dear.
    method: Any = set_flag if option.kind == "flag" else set_value
    method.__signature__ = signature(method)
    return cast("Callable[..., None]", method)
