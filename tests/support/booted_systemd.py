"""
A real systemd, booted for one test in a root tree and namespaces of its own.

The tree is a tmpfs that only this test's processes see: the machine's /usr, read-only,
and the installed package in /opt/dartio-tut. It has its own processes, network, mounts
and control group, so that neither the machine's files nor its init are touched.
"""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from twisted.trial.unittest import SkipTest

from .harness import BIN, PATIENCE, Place, finished
from .programs import need, need_mounts
from .until import until

SYSTEMD = "/lib/systemd/systemd"

PROGRAMS = ("nsenter", "mount", "ip", "ldconfig", "systemctl", "journalctl")

TARGET = """[Unit]
Description=What the test boots
DefaultDependencies=no
Requires=systemd-journald.service
After=systemd-journald.service
"""

EMPTY_TARGET = """[Unit]
Description=Reached at once
DefaultDependencies=no
"""

_failures: list[str] = []
"""Why the first did not boot, where none does."""

SETUP = r"""
set -eu
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$TREE"
cd "$TREE"
mkdir -p usr etc/systemd/system proc sys dev run root tmp var/lib var/tmp \
    var/log opt/dartio-tut/bin opt/dartio-tut/lib opt/python outside
chmod 1777 tmp var/tmp
for name in bin sbin lib lib64; do
    if [ -L "/$name" ]; then ln -s "usr/$name" "$name"
    elif [ -d "/$name" ]; then mkdir "$name"; mount --rbind "/$name" "$name"; fi
done
mount --bind /usr usr
mount -o remount,bind,ro usr
mount --bind "$PYTHON" opt/python
mount -o remount,bind,ro opt/python
mount --bind "$VENV/lib" opt/dartio-tut/lib
mount -o remount,bind,ro opt/dartio-tut/lib
ln -s "/opt/python/bin/$PYTHON_NAME" opt/dartio-tut/bin/python
printf 'home = /opt/python/bin\n' > opt/dartio-tut/pyvenv.cfg
for script in twistd dartio; do
    { echo '#!/opt/dartio-tut/bin/python'; tail -n +2 "$VENV/bin/$script"; } \
        > "opt/dartio-tut/bin/$script"
    chmod 755 "opt/dartio-tut/bin/$script"
done
printf 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n' > etc/passwd
printf 'root:x:0:\nnogroup:x:65534:\n' > etc/group
printf 'passwd: files systemd\ngroup: files systemd\nhosts: files\n' > etc/nsswitch.conf
printf '127.0.0.1 localhost\n' > etc/hosts
printf 'NAME=test\n' > etc/os-release
: > etc/machine-id
echo /opt/python/lib > etc/ld.so.conf
[ ! -d /etc/ld.so.conf.d ] || cat /etc/ld.so.conf.d/*.conf >> etc/ld.so.conf
cp "$UNITS"/* etc/systemd/system/
cp -r "$DEFAULTS" etc/default
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=755 tmpfs dev
for name in null zero full random urandom tty; do
    : > "dev/$name"
    mount --bind "/dev/$name" "dev/$name"
done
: > dev/console
mount --bind "$CONSOLE" dev/console
mkdir dev/shm dev/pts
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
chroot . /sbin/ldconfig 2>/dev/null
ip link set lo up
pivot_root . outside
umount -l /outside
# systemd mounts credentials in a namespace of its own, from which they come back here.
mount --make-rshared /
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd \
    --log-target=console --show-status=0 --unit=test.target
"""


@dataclass
class InsideNetwork:
    """The network of a systemd, for programs that run outside; see `Network`."""

    enter: list[str]
    pid: int


class BootedSystemd:
    """
    A systemd that runs.

    :param process: the ``unshare`` whose only child it is.
    :param console: what it has printed.
    :param home: an empty folder, for programs that run outside.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], console: list[str], home: Path
    ) -> None:
        self._process = process
        self._console = console
        self._home = home

    @property
    def pid(self) -> int | None:
        """Its process id as this machine sees it; None before it is there."""
        parent = self._process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children")
        try:
            return int(children.read_text().split()[0])
        except (OSError, IndexError):
            return None

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run *command* inside."""
        return subprocess.run(
            ["nsenter", "-a", "-t", str(self.pid), "env", "-i"]
            + ["PATH=/opt/dartio-tut/bin:/usr/sbin:/usr/bin:/sbin:/bin", *command],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def path(self, inside: str) -> str:
        """How the file *inside* is reached from outside."""
        return f"/proc/{self.pid}/root{inside}"

    def get(self, *line: str) -> subprocess.CompletedProcess[str]:
        """Run ``dartio get`` with *line* outside, but in the network of inside."""
        enter = ["nsenter", f"--net=/proc/{self.pid}/ns/net"]
        network = InsideNetwork(enter, self.pid or 0)
        command = (str(BIN / "dartio"), "get", *line)
        ended = finished(command, Place(self._home, self._home, {}, network))
        said = (ended.stdout.decode(), ended.stderr.decode())
        return subprocess.CompletedProcess(command, ended.returncode, *said)

    def systemctl(self, *line: str) -> str:
        """What ``systemctl`` says to *line*."""
        ended = self.run("systemctl", "--no-pager", *line)
        return (ended.stdout + ended.stderr).strip()

    def log(self, unit: str) -> str:
        """What *unit* has logged, with what systemd says of it."""
        return self.run("journalctl", "--no-pager", "-o", "cat", "-u", unit).stdout

    def console(self) -> str:
        """What systemd has printed."""
        return "".join(self._console)

    def wait_for(self, text: str, unit: str) -> None:
        """Wait until *unit* has logged *text*."""
        until(f"{unit} logs {text!r}", lambda: text in self.log(unit))

    def wait_until(self, fits: Callable[[str], bool], *line: str) -> None:
        """Wait until what ``systemctl`` says to *line* is what the test wants."""
        until(f"systemctl says it to {line}", lambda: fits(self.systemctl(*line)))

    def wait_until_booted(self) -> None:
        """
        Wait for its target.

        :raise SkipTest: when this machine does not let it boot.
        """

        def ended_or_booted() -> str:
            if self._process.poll() is not None:
                return "ended"
            state = self.systemctl("is-active", "test.target") if self.pid else ""
            return state if state == "active" else ""

        with suppress(AssertionError):
            if until("systemd has booted", ended_or_booted) == "active":
                return
        why = f"NOT TESTED: a real systemd does not boot here: {self.console()[-500:]}"
        _failures.append(why)
        raise SkipTest(why)


@contextmanager
def booted_systemd(
    folder: Path, units: dict[str, str], options: dict[str, str]
) -> Iterator[BootedSystemd]:
    """
    Boot a systemd that knows *units*, by name.

    :param folder: an empty folder to use.
    :param options: what /etc/default/ has, by the names of its files.
    :raise SkipTest: when that takes what is not here.
    """
    for program in (*PROGRAMS, SYSTEMD):
        need(program, "a real systemd")
    need_mounts("a real systemd")
    if _failures:  # it took minutes to find out
        raise SkipTest(_failures[0])
    tree, given, defaults = folder / "tree", folder / "units", folder / "defaults"
    outside = folder / "outside"
    for made in (tree, given, defaults, outside):
        made.mkdir()
    own = {"test.target": TARGET, "sysinit.target": EMPTY_TARGET}
    own["basic.target"] = EMPTY_TARGET
    for name, text in (own | units).items():
        (given / name).write_text(text)
    for name, text in options.items():
        (defaults / name).write_text(text)
    master, slave = pty.openpty()
    with _control_group() as group:
        process = _unshared(folder, os.ttyname(slave), group)
        console: list[str] = []
        reading = threading.Thread(target=_read, args=(master, console), daemon=True)
        reading.start()
        try:
            booted = BootedSystemd(process, console, outside)
            booted.wait_until_booted()
            yield booted
        finally:
            process.kill()  # and with it, by --kill-child, all that is inside
            process.wait(PATIENCE)
            os.close(slave)
            reading.join(PATIENCE)
            os.close(master)


def _unshared(folder: Path, console: str, group: Path) -> subprocess.Popen[bytes]:
    """Run systemd in a tree in *folder* and in the control group *group*."""
    spaces = ["--pid", "--fork", "--kill-child", "--mount", "--uts", "--ipc", "--net"]
    script = 'echo $$ > "$GROUP/cgroup.procs"; exec unshare "$@"'
    inside = ["sh", "-c", SETUP]
    return subprocess.Popen(
        ["sh", "-c", script, "sh", *spaces, "--cgroup", *inside],
        env=os.environ
        | {
            "TREE": str(folder / "tree"),
            "UNITS": str(folder / "units"),
            "DEFAULTS": str(folder / "defaults"),
            "CONSOLE": console,
            "GROUP": str(group),
            "VENV": str(BIN.parent),
            "PYTHON": sys.base_prefix,
            "PYTHON_NAME": f"python3.{sys.version_info.minor}",
        },
        stdin=subprocess.DEVNULL,
    )


@contextmanager
def _control_group() -> Iterator[Path]:
    """
    A control group for the test, below this process' own.

    :raise SkipTest: when the machine has no hierarchy of version 2.
    """
    mounts = [
        line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()
    ]
    hierarchies = [words[4] for words in mounts if "cgroup2" in words]
    own = [
        g[3:] for g in Path("/proc/self/cgroup").read_text().split() if g[:3] == "0::"
    ]
    if not hierarchies or not own:
        raise SkipTest("NOT TESTED: a real systemd; it takes a cgroup2 hierarchy")
    group = Path(hierarchies[0] + own[0]) / f"dartio-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        raise SkipTest(f"NOT TESTED: a real systemd: {error}") from None
    try:
        yield group
    finally:
        until("its processes have ended", lambda: _is_removed(group))


def _is_removed(group: Path) -> bool:
    """Remove *group* and those below it; whether that could be done."""
    for below in sorted(group.rglob("*/"), reverse=True):
        with suppress(OSError):
            below.rmdir()
    with suppress(OSError):  # its processes may still be ending
        group.rmdir()
    return not group.exists()


def _read(master: int, console: list[str]) -> None:
    while True:
        try:
            said = os.read(master, 4096)
        except OSError:
            return
        if not said:
            return
        console.append(said.decode(errors="replace"))
