"""Several processes serve: started, killed, replaced and stopped under load."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import tempfile
import threading
from collections import Counter
from pathlib import Path

from cryptography import x509

from .support.certificates import Signer
from .support.harness import PATIENCE, TWISTD, ask
from .support.passed_sockets import with_passed_socket
from .support.until import until
from .support.workers import WorkersCase, connections_of, is_alive, workers_of

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

JSON = {"Content-Type": "application/json"}

ROLLS = int(os.environ.get("DARTIO_ROLLS", "1"))
"""How many times all workers are replaced under load."""


class WorkersTests(WorkersCase):
    """``--workers 2``."""

    def test_connections_are_spread_evenly(self) -> None:
        daemon = self.workers("hello")
        for _ in range(100):
            connection = self.connect(daemon, GET)
            self.assertIn(b"Hello", connection.recv(4096))
        counts = [connections_of(pid, daemon.port) for pid in workers_of(daemon)]
        self.assertEqual(sum(counts), 100)
        self.assertGreaterEqual(min(counts), 45, counts)

    def test_unix_socket_is_shared_and_removed_by_the_parent(self) -> None:
        folder = tempfile.mkdtemp()  # the path of a socket has 107 bytes at most
        self.addCleanup(shutil.rmtree, folder)
        path = Path(folder, "socket")
        daemon = self.workers("hello", "--listen", f"unix:{path}")
        for _ in range(10):
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(path))
                client.sendall(GET)
                self.assertIn(b"Hello, world!", client.recv(4096))
        self.hang_up(daemon)
        self.assertTrue(path.exists())
        self.assertEqual(daemon.stop(), -signal.SIGTERM)
        self.assertFalse(path.exists())

    def test_socket_of_systemd_is_shared(self) -> None:
        line = with_passed_socket(*TWISTD, "hello", "--workers", "2")
        daemon = self.started(*line).ready()
        self.addCleanup(self.ends_quietly, daemon)
        daemon.wait_for("2 workers answer requests")
        for _ in range(10):
            self.assertEqual(ask(daemon).code, 200)
        self.hang_up(daemon)
        self.assertEqual(ask(daemon).code, 200)

    def test_port_with_tls_is_shared(self) -> None:
        signer = Signer(self.here, x509.DNSName("localhost"), days=(-1, 90))
        key = signer.path.with_suffix(".key")
        daemon = self.workers("hello", "--cert", str(signer.path), "--key", str(key))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        for _ in range(10):
            self.assertEqual(ask(daemon, tls=context).code, 200)
        self.hang_up(daemon)
        self.assertEqual(ask(daemon, tls=context).code, 200)

    def test_session_of_tls_that_another_worker_began_is_no_mistake(self) -> None:
        daemon = self.workers("hello-secure")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        session, resumed = None, 0
        for _ in range(60):
            with context.wrap_socket(self.connect(daemon), session=session) as client:
                client.sendall(GET)
                self.assertIn(b"Hello, world!", client.recv(4096))
                session = session or client.session
                resumed += bool(client.session_reused)
        self.assertGreater(resumed, 0)  # in the worker that began it

    def test_killed_worker_comes_back_while_the_other_serves(self) -> None:
        daemon = self.workers("hello")
        first, second = workers_of(daemon)
        load = self.load(daemon)
        load.wait_for(50)
        os.kill(first, signal.SIGKILL)
        daemon.wait_for(f"(process {first}) has ended: SIGKILL")
        load.wait_for(load.answered + 50)
        daemon.wait_for("starts in 1 s")
        until("there are two", lambda: len(set(workers_of(daemon)) - {first}) == 2)
        self.assertIn(second, workers_of(daemon))
        load.stop()
        # What the killed one was answering is lost, and nothing else.
        self.assertLessEqual(len(load.failures), load.clients)

    def test_no_request_fails_while_workers_are_replaced(self) -> None:
        daemon = self.workers("hello")
        load = self.load(daemon)
        before = set(workers_of(daemon))
        for _ in range(ROLLS):
            load.wait_for(load.answered + 10)
            self.hang_up(daemon)
        load.wait_for(load.answered + 10)
        load.stop()
        self.assertEqual(load.failures, [])
        until("those of before ended", lambda: not before & set(workers_of(daemon)))

    def test_response_under_way_is_finished_by_the_replaced_worker(self) -> None:
        (self.here / "large").write_bytes(bytes(50_000_000))
        daemon = self.workers("static", "--root", str(self.here))
        asking = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=PATIENCE)
        self.addCleanup(asking.close)
        asking.request("GET", "/large")
        response = asking.getresponse()
        self.hang_up(daemon)
        until("three are left", lambda: len(workers_of(daemon)) == 3)
        self.assertEqual(len(response.read()), 50_000_000)
        asking.request("GET", "/missing")  # on the same connection
        last = asking.getresponse()
        self.assertEqual((last.status, last.headers["Connection"]), (404, "close"))
        last.read()
        until("the old one has ended", lambda: len(workers_of(daemon)) == 2)

    def test_workers_end_when_their_parent_is_killed(self) -> None:
        daemon = self.workers("hello")
        pids = workers_of(daemon)
        daemon.stopped = True
        daemon.process.kill()
        daemon.ended()  # they have its standard output, too
        until("no worker is left", lambda: not any(map(is_alive, pids)))
        with socket.create_server(("127.0.0.1", daemon.port)):
            pass  # the port is free
        self.assertNotIn("Traceback", daemon.output())

    def test_sigterm_finishes_what_is_under_way(self) -> None:
        (self.here / "large").write_bytes(bytes(50_000_000))
        daemon = self.workers("static", "--root", str(self.here))
        asking = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=PATIENCE)
        self.addCleanup(asking.close)
        asking.request("GET", "/large")
        response = asking.getresponse()
        daemon.stopped = True
        pids = workers_of(daemon)
        daemon.process.send_signal(signal.SIGTERM)
        for pid in pids:  # who ends all processes of a group sends it to all
            os.kill(pid, signal.SIGTERM)
        until("one is left", lambda: len(workers_of(daemon)) == 1)
        (left,) = workers_of(daemon)
        os.kill(left, signal.SIGTERM)
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", daemon.port), PATIENCE)
        self.assertEqual(len(response.read()), 50_000_000)
        self.assertEqual(daemon.ended(), -signal.SIGTERM)
        self.assertEqual(daemon.errors(), "")
        self.assertNotIn("Traceback", daemon.output())

    def test_each_line_of_the_log_comes_once_from_whoever_has_written_it(self) -> None:
        daemon = self.workers("hello", "--log-format", "json")
        self.assertEqual(daemon.stop(), -signal.SIGTERM)
        said = [json.loads(line)["message"] for line in daemon.lines]
        for text in ("starting up", "Main loop terminated", "Server Shut Down"):
            self.assertEqual(sum(text in line for line in said), 1, said)

    def test_another_signal_ends_all_at_once(self) -> None:
        (self.here / "large").write_bytes(bytes(50_000_000))
        daemon = self.workers("static", "--root", str(self.here))
        connection = self.connect(daemon, b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertIn(b"200 OK", connection.recv(4096))
        daemon.stopped = True
        daemon.process.send_signal(signal.SIGTERM)
        until("one is left", lambda: len(workers_of(daemon)) == 1)
        daemon.process.send_signal(signal.SIGTERM)
        self.assertEqual(daemon.ended(), -signal.SIGTERM)
        self.assertIn("in the middle of something", daemon.output())

    def test_old_workers_go_on_when_new_ones_cannot_start(self) -> None:
        root = self.here / "root"
        root.mkdir()
        (root / "file").write_text("here")
        daemon = self.workers("static", "--root", str(root))
        before = workers_of(daemon)
        root.rename(self.here / "elsewhere")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("Not all workers have been replaced, those of before go on")
        self.assertEqual(workers_of(daemon), before)
        (self.here / "elsewhere").rename(root)
        self.assertEqual(ask(daemon, target="/file").body, b"here")
        self.hang_up(daemon)
        daemon.stopped = True
        self.assertEqual(daemon.stop(), -signal.SIGTERM)
        self.assertIn("no such folder", daemon.errors())

    def test_worker_that_follows_a_dead_one_has_the_options_of_that(self) -> None:
        config = self.here / "static.toml"
        config.write_text('header = ["X-A: 1"]')
        options = "--root", str(self.here), "--config", str(config)
        daemon = self.workers("static", *options)
        for now, changed, then in (
            ("1", 'header = ["X-A: 3"]', 'header = ["X-A: 2"]'),
            ("2", "header = [", "prot = 5"),
        ):
            before = set(workers_of(daemon))
            config.write_text(changed)
            for pid in before:
                os.kill(pid, signal.SIGKILL)
            until("two follow", lambda: len({*workers_of(daemon)} - before) == 2)  # noqa: B023
            answers = {ask(daemon).fields["X-A"] for _ in range(10)}
            self.assertEqual(answers, {now})
            config.write_text(then)
            daemon.process.send_signal(signal.SIGHUP)
            daemon.wait_for("workers have been replaced")
        self.assertEqual(ask(daemon).fields["X-A"], "2")
        daemon.stop()
        self.assertIn("there is no option 'prot'", daemon.errors())

    def test_daemon_whose_workers_cannot_start_ends_with_their_exit_code(self) -> None:
        package = self.here / "modules" / "sitecustomize.py"
        package.parent.mkdir()
        package.write_text(
            "import os\nif 'DARTIO_WORKER' in os.environ: os._exit(78)\n"
        )
        line = [*TWISTD, "hello", "--port", "0", "--workers", "2"]
        daemon = self.started("env", f"PYTHONPATH={package.parent}", *line)
        self.assertEqual(daemon.ended(), 78, daemon.output())
        self.assertIn("cannot start: exit code 78", daemon.output())
        self.assertNotIn("Listening on", daemon.output())

    def test_address_in_use_is_said_by_the_parent(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            said = self.refuses("hello", "--port", port, "--workers", "2", codes=(1,))
        self.assertIn("Address already in use", said)

    def test_what_has_state_in_one_process_is_refused(self) -> None:
        for name, word in (("thinker", "--store"), ("tutorial", "one by one")):
            said = self.refuses(name, "--port", "0", "--workers", "2", codes=(78,))
            self.assertIn("--workers: ", said)
            self.assertIn(word, said)
        self.refuses("hello", "--workers", "0", codes=(78,))
        self.refuses("hello", "--workers", "many", codes=(78,))

    def test_notes_of_all_workers_are_in_one_store(self) -> None:
        daemon = self.workers("notes", "--store", str(self.here / "notes"))
        said = Counter[bytes]()
        lock = threading.Lock()

        def write() -> None:
            for _ in range(10):
                answer = ask(daemon, "POST", body='{"myNote": "x"}')
                with lock:
                    said[answer.body] += 1

        writing = [threading.Thread(target=write) for _ in range(4)]
        for thread in writing:
            thread.start()
        for thread in writing:
            thread.join(PATIENCE)
        numbers = {b"You have %d notes.\n" % n: 1 for n in range(1, 41)}
        self.assertEqual(said, numbers)

    def test_store_that_has_gone_away_is_not_made_anew_by_another_worker(self) -> None:
        (root := self.here / "mounted").mkdir()
        store = root / "store"
        for name, make_mount_point in (("notes", root.mkdir), ("writer", store.mkdir)):
            daemon = self.workers(name, "--store", str(store))
            note = '{"myNote": "x"}' if name == "notes" else '{"a": 1}'
            target = "/" if name == "notes" else "/a.json"

            def written() -> int:
                return ask(daemon, "POST", target, note, JSON).code  # noqa: B023

            self.assertEqual(written(), 200)
            (away := root if name == "notes" else store).rename(self.here / "away")
            make_mount_point()
            self.assertEqual(written(), 503)
            daemon.process.send_signal(signal.SIGHUP)
            daemon.wait_for("Not all workers have been replaced, those of before go on")
            self.assertEqual([written() for _ in range(4)], [503] * 4)
            self.assertEqual(list(away.iterdir()), [], "something was made there")
            away.rmdir()
            (self.here / "away").rename(away)
            self.assertEqual(written(), 200)
            self.hang_up(daemon)
            self.assertEqual(written(), 200)
            daemon.stop()
            self.assertIn("--store: ", daemon.errors())
            shutil.rmtree(store)

    def test_access_log_has_the_requests_of_all_workers(self) -> None:
        log = self.here / "access.log"
        daemon = self.workers("hello", "--access-log", str(log))
        for number in range(20):
            ask(daemon, target=f"/{number}")
        self.assertEqual(daemon.stop(), -signal.SIGTERM)
        lines = log.read_text().splitlines()
        asked = sorted(int(line.split()[6][1:]) for line in lines)
        self.assertEqual(asked, list(range(20)))
