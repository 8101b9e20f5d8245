"""
The systemd units, and sockets passed by systemd.
"""

from __future__ import annotations

import re
import shutil
import signal
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from twisted.trial.unittest import SkipTest

from dartio_tut.daemon import localhost_certificate
from dartio_tut.servers.lessons import LESSONS

from .support.booted_systemd import BootedSystemd, booted_systemd
from .support.forks import the_forks
from .support.harness import (
    BIN,
    CHECKOUT,
    EXECUTES,
    Case,
    ask,
    environment,
    free_port,
)
from .support.tracing import traced

DEPLOY = CHECKOUT / "deploy"

SERVICE = DEPLOY / "dartio@.service"

PAGE = (CHECKOUT / "docs" / "operations" / "systemd.md").read_text()

SERVERS = [*(lesson.name for lesson in LESSONS), "tutorial"]


class UnitTests(Case):
    """``deploy/``."""

    def verify(self, unit: str) -> None:
        """Let systemd look at *unit*, which is in the test's folder."""
        ended = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", str(self.here / unit)],
            capture_output=True,
            text=True,
            check=False,
        )
        said = [line for line in ended.stderr.splitlines() if "dartio" in line]
        self.assertEqual((ended.returncode, said), (0, []), ended.stderr)

    def test_systemd_finds_no_fault(self) -> None:
        if not shutil.which("systemd-analyze"):
            raise SkipTest("NOT TESTED: no systemd-analyze here")
        service = SERVICE.read_text().replace("/opt/dartio-tut/bin", str(BIN))
        (self.here / "dartio@.service").write_text(service)
        (self.here / "dartio@hello.service").write_text(service)
        self.verify("dartio@hello.service")
        for unit in DEPLOY.glob("*.socket"):
            name = unit.name.replace("@.", "@hello.")
            shutil.copy(unit, self.here / name)
            self.verify(name)

    def test_every_server_has_a_socket_unit_with_its_port(self) -> None:
        ports = {
            unit.name: re.findall(r"^ListenStream=(.*)$", unit.read_text(), re.M)
            for unit in DEPLOY.glob("dartio@*.socket")
        }
        self.assertEqual(
            ports,
            {f"dartio@{s.name}.socket": [f"127.0.0.1:{s.port}"] for s in LESSONS},
        )

    def test_the_service_may_open_as_many_files_as_it_takes_connections(self) -> None:
        (number,) = re.findall(r"^LimitNOFILE=(\d+)$", SERVICE.read_text(), re.M)
        self.assertGreaterEqual(int(number), 3 * 20_000)

    def test_what_the_service_starts_is_a_server(self) -> None:
        line = next(
            t for t in SERVICE.read_text().splitlines() if t.startswith("ExecStart=")
        )
        words = line.partition("/bin/twistd ")[2].replace("$DARTIO_OPTIONS", "")
        words = words.replace("%i", "hello").replace("-n --pidfile= ", "")
        daemon = self.daemon(*words.split(), "--port", "0").ready()
        self.assertEqual(ask(daemon).body, b"Hello, world!")


PROBE = """[Service]
Type=oneshot
DynamicUser=yes
LoadCredential=chain:/etc/default/chain
ExecStart=cat %d/chain
"""
"""A unit that is not ours, and gets a file by LoadCredential=."""


def system_call_groups() -> dict[str, list[str]]:
    """The groups of system calls that units may name; a group may name others."""
    if not shutil.which("systemd-analyze"):
        raise SkipTest("NOT TESTED: system calls; that takes systemd-analyze")
    said = subprocess.run(
        ["systemd-analyze", "--no-pager", "syscall-filter"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    groups: dict[str, list[str]] = {}
    plain = re.sub(r"\x1b\[[0-9;]*m", "", said)  # Ubuntu's writes colours into pipes
    for line in plain.splitlines():
        if line.startswith("@"):
            members = groups[line.strip()] = []
        elif line.startswith(" ") and not line.strip().startswith("#"):
            members.append(line.strip())
    return groups


def allowed_calls(unit: str) -> set[str]:
    """The system calls that the SystemCallFilter lines of *unit* allow."""
    groups = system_call_groups()

    def members(name: str) -> set[str]:
        if name not in groups:
            return {name}
        return set().union(*(members(member) for member in groups[name]))

    # A filter that begins by allowing always has these, too (systemd.exec(5)).
    allowed = members("@default")
    for line in re.findall(r"^SystemCallFilter=(.*)$", unit, re.M):
        named = set().union(*(members(name) for name in line.strip("~").split()))
        allowed = allowed - named if line.startswith("~") else allowed | named
    return allowed


CALLS_OF_READLINE = {"setfsuid", "setfsgid"}
"""
What it calls to read about a terminal, on Debian 13: Twisted imports Python's debugger,
and that imports it. It goes on when it may not.
"""


class SystemCallTests(Case):
    """What each server asks of the kernel, held against the unit's filter."""

    @contextmanager
    def executed(self, trace: Path) -> Iterator[None]:
        """Have strace run servers meanwhile, which are new programs, into *trace*."""
        options = ("-D", "-f", "-qq", "-e", "signal=none", "-o", str(trace))
        self.runner = ("strace", *options)
        yield
        self.runner = ()

    def calls_of(
        self, name: str, *options: str, is_executed: bool = EXECUTES
    ) -> set[str]:
        """
        The names of all system calls of a server that starts, answers, stops.

        :param is_executed: whether it is a new Python, else a fork.
        """
        trace = self.here / f"trace-{name}"
        forks = 0 if is_executed else the_forks().pid
        with self.executed(trace) if is_executed else traced(forks, trace):
            daemon = self.serve(name, *options)
            if daemon.url.startswith("http:"):
                json_type = {"Content-Type": "application/json"}
                ask(daemon)
                ask(daemon, "POST", "/a.json", "{}", json_type)
                ask(daemon, "POST", "/", '{"myNote": "milk"}')
            self.assertEqual(daemon.stop(), -signal.SIGTERM)
        self.assertEqual(daemon.errors(), "")
        called = re.findall(r"^(\d+) +(\w+)\(", trace.read_text(), re.M)
        found = {name for pid, name in called if int(pid) != forks}
        self.assertLessEqual({"epoll_wait", "listen"}, found)
        return found

    def test_no_server_makes_a_call_that_the_unit_forbids(self) -> None:
        if not shutil.which("strace"):
            raise SkipTest("NOT TESTED: system calls; that takes strace")
        unit = SERVICE.read_text()
        allowed = allowed_calls(unit)
        self.assertIn("\nSystemCallErrorNumber=EPERM\n", unit)  # and not: it is killed
        self.assertIn("epoll_wait", allowed)
        self.assertNotIn("setresuid", allowed)
        # How Python starts is the same for all of them.
        started = self.calls_of("hello", is_executed=True)
        self.assertIn("execve", started)
        self.assertEqual(started - allowed - CALLS_OF_READLINE, set())
        for line in [*([name] for name in SERVERS), ["thinker", "--store", "shared"]]:
            self.assertEqual((line, self.calls_of(*line) - allowed), (line, set()))


class BootedTests(Case):
    """The units under a real systemd."""

    def booted(self, **options: str) -> AbstractContextManager[BootedSystemd]:
        """Boot one that has the units of ``deploy/``, and *options* for servers."""
        units = {unit.name: unit.read_text() for unit in DEPLOY.glob("dartio*@*")}
        lines = {
            f"dartio-{name}": f"DARTIO_OPTIONS={line}\n"
            for name, line in options.items()
        }
        return booted_systemd(self.here, units, lines)

    def assert_answers(
        self, systemd: BootedSystemd, name: str, has_index: bool = False
    ) -> None:
        """
        The server *name* answers on its port, inside.

        :param has_index: whether the folder of static has something to show.
        """
        port = next(lesson.port for lesson in LESSONS if lesson.name == name)
        if name == "hello-secure":
            pem = "/var/lib/dartio/hello-secure/dartio_tut/hello-secure/cert.pem"
            url = ["--cacert", systemd.path(pem), f"https://localhost:{port}/"]
        else:
            url = [f"http://127.0.0.1:{port}/"]
        ended = systemd.get(*url)
        # writer has no GET, notes has no /, static's folder has no index: they say so.
        told = {"writer": " 405 ", "notes": " 404 "}.get(name, "")
        if name == "static" and not has_index:
            told = " 404 "
        self.assertIn(told, ended.stderr, f"{name}: {ended}")
        self.assertEqual(ended.returncode, 1 if told else 0, f"{name}: {ended}")

    def assert_stops(self, systemd: BootedSystemd, unit: str) -> None:
        """Stopping *unit* succeeds."""
        self.assertEqual(systemd.systemctl("stop", unit), "")
        shown = systemd.systemctl("show", "-p", "ActiveState,Result", unit)
        self.assertEqual(
            sorted(shown.split()), ["ActiveState=inactive", "Result=success"], unit
        )

    def test_every_service_starts_answers_and_stops(self) -> None:
        with self.booted(thinker="--store shared") as systemd:
            for name in SERVERS[:-1]:
                systemd.systemctl("start", f"dartio@{name}.service")
            for name in SERVERS[:-1]:
                unit = f"dartio@{name}.service"
                self.assert_answers(systemd, name)  # start returns when it listens
                user = systemd.systemctl("show", "-P", "User", unit)
                self.assertEqual(user, f"dartio-{name}")
                self.assert_stops(systemd, unit)
            systemd.systemctl("start", "dartio@tutorial.service")
            for name in SERVERS[:-1]:
                if name != "hello-secure":  # its certificate is another's here
                    self.assert_answers(systemd, name, has_index=True)
            self.assert_stops(systemd, "dartio@tutorial.service")

    def test_every_socket_starts_its_server_at_the_first_connection(self) -> None:
        with self.booted() as systemd:
            for name in SERVERS[:-1]:
                said = systemd.systemctl("start", f"dartio@{name}.socket")
                self.assertEqual((name, said), (name, ""))
            for name in SERVERS[:-1]:
                unit = f"dartio@{name}.service"
                self.assertEqual(systemd.systemctl("is-active", unit), "inactive")
                if name == "hello-secure":  # it makes a certificate first
                    systemd.systemctl("start", unit)
                self.assert_answers(systemd, name)
                self.assertEqual(systemd.systemctl("is-active", unit), "active")
                self.assert_stops(systemd, f"dartio@{name}.socket")
                self.assert_stops(systemd, unit)

    def test_reload_is_done_when_systemctl_returns_and_ends_nothing(self) -> None:
        with self.booted() as systemd:
            unit = "dartio@hello.service"
            systemd.systemctl("start", unit)
            shown = ("show", "-p", "MainPID,ActiveState,StatusText", unit)
            before = systemd.systemctl(*shown)
            self.assertIn("StatusText=Only this machine can reach it", before)
            self.assertEqual(systemd.systemctl("reload", unit), "")
            self.assertEqual(systemd.systemctl(*shown), before)
            self.assert_answers(systemd, "hello")

    def test_one_that_does_not_turn_is_ended_and_started_again(self) -> None:
        text = SERVICE.read_text().replace("WatchdogSec=60", "WatchdogSec=2")
        with booted_systemd(self.here, {SERVICE.name: text}, {}) as systemd:
            unit = "dartio@hello.service"
            systemd.systemctl("start", unit)
            first = systemd.systemctl("show", "-P", "MainPID", unit)
            systemd.systemctl("kill", "--signal=STOP", unit)
            systemd.wait_until("0".__ne__, "show", "-P", "NRestarts", unit)
            systemd.wait_until("active".__eq__, "is-active", unit)
            self.assertNotEqual(systemd.systemctl("show", "-P", "MainPID", unit), first)
            self.assert_answers(systemd, "hello")

    def test_a_wrong_option_is_not_tried_again_and_all_else_is(self) -> None:
        options = {"hello": "--port http", "pages": "--interface 192.0.2.1"}
        with self.booted(**options) as systemd:
            wrong, early = "dartio@hello.service", "dartio@pages.service"
            for unit in (wrong, early):
                systemd.systemctl("start", unit)
            systemd.wait_for("hello: --port: 'http' is no port", wrong)
            systemd.wait_for("192.0.2.1:8080: Cannot assign requested address", early)
            systemd.wait_until("failed".__eq__, "show", "-P", "ActiveState", wrong)
            for shown, expected in [("NRestarts", "0"), ("ExecMainStatus", "78")]:
                said = systemd.systemctl("show", "-P", shown, wrong)
                self.assertEqual((shown, said), (shown, expected))
            systemd.wait_until("0".__ne__, "show", "-P", "NRestarts", early)

    def test_keys_come_as_credentials_and_the_redirect_has_a_socket(self) -> None:
        cert, key = localhost_certificate(str(self.here))
        said = re.search(r"```ini\n\[Service\]\n(LoadCredential.*?)```", PAGE, re.S)
        assert said is not None
        live = "/etc/letsencrypt/live/example.org/"
        lines = said[1].replace(f"{live}fullchain.pem", "/etc/default/chain")
        lines = lines.replace(f"{live}privkey.pem", "/etc/default/key")
        units = {unit.name: unit.read_text() for unit in DEPLOY.glob("*.socket")}
        service = SERVICE.read_text().replace("[Service]\n", f"[Service]\n{lines}")
        units |= {"dartio@.service": service, "probe.service": PROBE}
        files = {"chain": Path(cert).read_text(), "key": Path(key).read_text()}
        redirect = "--redirect-http systemd:redirect --https-port 8080"
        files["dartio-pages"] = f"DARTIO_OPTIONS={redirect}\n"
        with booted_systemd(self.here, units, files) as systemd:
            self.assert_credentials_are_handed_over(systemd)
            for name in ("dartio-redirect@pages.socket", "dartio@pages.socket"):
                self.assertEqual(systemd.systemctl("start", name), "")
            chain = systemd.path("/etc/default/chain")
            ended = systemd.get("--cacert", chain, "http://localhost/")  # port 80
            log = systemd.log("dartio@pages.service")
            self.assertEqual(ended.returncode, 0, f"{ended}{log}")
            systemd.wait_for("Redirecting http://", "dartio@pages.service")
            shown = ("show", "-P", "LogsDirectory", "dartio@pages.service")
            self.assertEqual(systemd.systemctl(*shown), "dartio/pages")

    def assert_credentials_are_handed_over(self, systemd: BootedSystemd) -> None:
        """
        Have systemd hand a file over to a program that is not ours.

        :raise SkipTest: when it cannot do that here, for want of mounts.
        """
        if said := systemd.systemctl("start", "probe.service"):
            why = " ".join(f"{said} {systemd.log('probe.service')}".split())
            raise SkipTest(f"NOT TESTED: LoadCredential=; not to be had here: {why}")
        systemd.wait_for("BEGIN CERTIFICATE", "probe.service")

    def test_redirect_has_a_socket_unit_of_its_own(self) -> None:
        redirect = "--self-signed --redirect-http systemd:redirect --https-port 8080"
        with self.booted(pages=redirect) as systemd:
            for name in ("dartio-redirect@pages.socket", "dartio@pages.socket"):
                self.assertEqual(systemd.systemctl("start", name), "")
            unit = "dartio@pages.service"
            self.assertEqual(systemd.systemctl("start", unit), "")
            pem = "/var/lib/dartio/pages/dartio_tut/self-signed/cert.pem"
            ended = systemd.get("--cacert", systemd.path(pem), "http://localhost/")
            log = systemd.log(unit)
            self.assertEqual(ended.returncode, 0, f"{ended}{log}")
            systemd.wait_for("Redirecting http://", unit)
            self.assert_stops(systemd, "dartio-redirect@pages.socket")


class SocketActivationTests(Case):
    """Sockets that systemd listens on."""

    def activated(self, *line: str, named: bool = True) -> int:
        if not shutil.which("systemd-socket-activate"):
            raise SkipTest("NOT TESTED: no systemd-socket-activate here")
        port = free_port()
        activator = subprocess.Popen(
            ["systemd-socket-activate", f"--listen=127.0.0.1:{port}"]
            + ["--fdname=http"] * named
            + [str(BIN / "twistd"), "-n", *line],
            cwd=self.here,
            env=environment(self.home),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert activator.stderr is not None
        self.addCleanup(activator.stderr.close)
        self.addCleanup(activator.wait)
        self.addCleanup(activator.terminate)
        self.assertIn("Listening on", activator.stderr.readline())
        return port

    def test_passed_socket_is_used_unless_told_otherwise(self) -> None:
        port = self.activated("hello")
        self.assertEqual(ask(port).body, b"Hello, world!")

    def test_passed_socket_needs_no_name(self) -> None:
        port = self.activated("hello", named=False)
        self.assertEqual(ask(port).body, b"Hello, world!")

    def test_tls_over_a_passed_socket(self) -> None:
        port = self.activated("hello-secure")
        # It speaks TLS: what is wrong is that nobody vouches for the certificate.
        line = ("dartio", "get", f"https://localhost:{port}/")
        _, errors = self.run_program(*line, code=1)
        self.assertIn("is not trusted (--cacert FILE)", errors)

    def test_certificate_of_any_server_over_a_passed_socket(self) -> None:
        cert, key = localhost_certificate(str(self.here))
        port = self.activated("pages", "--cert", cert, "--key", key)
        tls = ssl.create_default_context(cafile=cert)
        self.assertEqual(ask(port, host="localhost", tls=tls).code, 200)

    def test_passed_socket_may_be_named_by_an_endpoint_string(self) -> None:
        port = self.activated("hello", "--listen", "systemd:domain=INET:name=http")
        self.assertEqual(ask(port).body, b"Hello, world!")
