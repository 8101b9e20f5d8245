"""What the parent of workers decides, without a process: time is a fake clock's."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.python.usage import UsageError
from twisted.scripts import twistd as twistd_script
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon import StartupError
from dartio_tut.daemon.cores import usable_cores
from dartio_tut.daemon.options.workers import (
    check_workers,
    worker_command,
    worker_count,
)
from dartio_tut.daemon.reloading import reload_at_hangup
from dartio_tut.daemon.roles import WorkerRole
from dartio_tut.daemon.this_worker import RETIRE, STOP, Orders, Place, place_in
from dartio_tut.daemon.worker_loads import Loads, make_loads
from dartio_tut.daemon.workers import (
    KILL_SECONDS,
    LONGEST_PAUSE_SECONDS,
    READY_SECONDS,
    YOUNG_SECONDS,
    Worker,
    Workers,
)
from dartio_tut.wire import SharedSockets

from .support.startup_case import StartupCase

GRACE = 10.0


class FakeProcess:
    """Notes its orders."""

    def __init__(self, pid: int) -> None:
        self.pid: int | None = pid
        self.orders: list[str] = []

    def ask(self, number: int) -> None:
        """Note it."""
        self.orders.append(f"ask {number}")

    def retire(self) -> None:
        """Note it."""
        self.orders.append("retire")

    def stop(self) -> None:
        """Note it."""
        self.orders.append("stop")

    def cut_off(self) -> None:
        """Note it."""
        self.orders.append("cut off")

    def abort(self) -> None:
        """Note it."""
        self.orders.append("abort")

    def kill(self) -> None:
        """Note it."""
        self.orders.append("kill")


class ParentTests(SynchronousTestCase):
    """Two workers, and what becomes of them."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.spawned: list[tuple[Worker, FakeProcess]] = []
        self.codes: list[int] = []
        self.fails = False
        self.workers = Workers(2, self.spawn, GRACE, self.clock, self.codes.append)

    def spawn(self, worker: Worker) -> FakeProcess:
        """A process that answers when the test says so."""
        if self.fails:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        process = FakeProcess(len(self.spawned) + 1)
        self.spawned.append((worker, process))
        return process

    def start(self) -> None:
        """Start two, which answer."""
        started = self.workers.start()
        self.ready(0)
        self.assertNoResult(started)
        self.ready(1)
        self.successResultOf(started)

    def ready(self, index: int) -> None:
        """The process that was started as number *index* answers."""
        self.workers.ready(self.spawned[index][0])

    def end(self, index: int, code: int = 1) -> None:
        """The process that was started as number *index* ends."""
        self.workers.ended(self.spawned[index][0], f"exit code {code}", code)

    def orders(self) -> list[list[str]]:
        """The orders of each process."""
        return [process.orders for _, process in self.spawned]

    def numbers(self) -> list[int]:
        """The places of all that were started."""
        return [worker.number for worker, _ in self.spawned]

    def test_worker_that_has_lived_for_long_is_followed_at_once(self) -> None:
        self.start()
        self.clock.advance(YOUNG_SECONDS)
        self.end(1)
        self.clock.advance(0)
        self.assertEqual(self.numbers(), [1, 2, 2])

    def test_pause_grows_while_workers_die_young_and_not_for_ever(self) -> None:
        self.start()
        pauses = []
        for index in range(1, 8):
            self.end(index)
            (call,) = self.clock.getDelayedCalls()
            pauses.append(call.getTime() - self.clock.seconds())
            self.clock.advance(pauses[-1])
            self.ready(index + 1)
        self.assertEqual(pauses, [1, 2, 4, 8, 16, LONGEST_PAUSE_SECONDS, 30])
        self.clock.advance(YOUNG_SECONDS)
        self.end(8)
        self.clock.advance(0)
        self.end(9)
        self.clock.advance(1)
        self.assertEqual(len(self.spawned), 11)

    def test_worker_that_cannot_start_at_first_ends_the_daemon(self) -> None:
        started = self.workers.start()
        self.ready(1)
        self.end(0, 78)
        self.assertEqual(self.codes, [78])
        self.assertNoResult(started)
        self.assertEqual(len(self.flushLoggedErrors()), 0)

    def test_process_that_cannot_be_made_is_like_one_that_ends(self) -> None:
        self.start()
        self.fails = True
        self.end(0)
        self.clock.advance(1)
        self.clock.advance(0)
        self.fails = False
        self.clock.advance(2)
        self.assertEqual(self.numbers(), [1, 2, 1])

    def test_worker_that_never_answers_is_killed(self) -> None:
        self.workers.start()
        self.clock.advance(READY_SECONDS)
        self.assertEqual(self.orders(), [["kill"], ["kill"]])

    def test_worker_that_hangs_is_aborted_and_then_killed_and_another_starts(
        self,
    ) -> None:
        self.start()
        self.workers.hangs(self.spawned[0][0], 30)
        self.clock.advance(KILL_SECONDS)
        self.assertEqual(self.orders(), [["abort", "kill"], []])
        self.end(0)
        self.clock.advance(1)
        self.assertEqual(self.numbers(), [1, 2, 1])
        self.assertEqual(self.workers.ended_count, 1)

    def test_workers_are_replaced_one_by_one_when_the_next_one_answers(self) -> None:
        self.start()
        replaced = self.workers.replace()
        self.assertEqual((self.numbers(), self.orders()), ([1, 2, 1], [[], [], []]))
        self.ready(2)
        self.assertEqual(self.numbers(), [1, 2, 1, 2])
        self.assertEqual(self.orders(), [["retire"], [], [], []])
        self.assertNoResult(replaced)
        self.ready(3)
        self.successResultOf(replaced)
        self.assertEqual(self.orders(), [["retire"], ["retire"], [], []])
        self.end(0, 0)
        self.end(1, 0)
        self.clock.advance(YOUNG_SECONDS)
        self.assertEqual(len(self.spawned), 4)

    def test_replaced_worker_that_does_not_end_is_killed(self) -> None:
        self.start()
        self.workers.replace()
        self.ready(2)
        self.clock.advance(2 * GRACE + KILL_SECONDS)
        self.assertEqual(self.orders()[0], ["retire", "kill"])

    def test_those_of_before_go_on_when_the_next_one_cannot_start(self) -> None:
        self.start()
        replaced = self.workers.replace()
        self.end(2, 78)
        self.successResultOf(replaced)
        self.clock.advance(LONGEST_PAUSE_SECONDS)
        self.assertEqual(self.orders(), [[], [], []])
        self.assertEqual(self.codes, [])
        again = self.workers.replace()
        self.ready(3)
        self.ready(4)
        self.successResultOf(again)

    def test_worker_that_dies_while_it_is_replaced_has_a_successor(
        self,
    ) -> None:
        self.start()
        self.workers.replace()
        self.end(0)
        self.clock.advance(LONGEST_PAUSE_SECONDS)
        self.assertEqual(self.numbers(), [1, 2, 1])
        self.end(2)  # this one fails, too: there must be another
        self.clock.advance(LONGEST_PAUSE_SECONDS)
        self.assertEqual(self.numbers(), [1, 2, 1, 1])

    def test_asked_twice_it_replaces_all_once_more(self) -> None:
        self.start()
        first, second = self.workers.replace(), self.workers.replace()
        self.ready(2)
        self.ready(3)
        self.assertNoResult(first)
        self.ready(4)
        self.ready(5)
        self.successResultOf(first)
        self.successResultOf(second)
        self.assertEqual(self.numbers(), [1, 2, 1, 2, 1, 2])

    def test_all_are_stopped_and_killed_when_they_take_too_long(self) -> None:
        self.start()
        stopped = self.workers.stop()
        self.end(0, 0)
        self.assertNoResult(stopped)
        self.clock.advance(GRACE + KILL_SECONDS)
        self.assertEqual(self.orders(), [["stop"], ["stop", "kill"]])
        self.end(1)
        self.successResultOf(stopped)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_replacing_waits_until_the_first_ones_answer(self) -> None:
        self.workers.start()
        asked = [self.workers.replace() for _ in range(2)]
        self.assertEqual(len(self.spawned), 2)
        for index in range(4):
            self.assertNoResult(asked[0])
            self.ready(index)
        self.assertEqual(self.numbers(), [1, 2, 1, 2])
        for each in asked:
            self.successResultOf(each)

    def test_replacing_begins_again_if_that_was_asked_while_it_failed(self) -> None:
        self.start()
        asked = [self.workers.replace() for _ in range(2)]
        self.end(2)  # the first successor cannot start
        for index in (3, 4):
            self.assertNoResult(asked[0])
            self.ready(index)
        self.assertEqual(self.numbers(), [1, 2, 1, 1, 2])
        for each in asked:
            self.successResultOf(each)

    def test_nothing_is_started_while_it_stops(self) -> None:
        self.start()
        self.end(0)
        self.workers.replace()
        stopped = self.workers.stop()
        self.workers.cut_off()
        self.end(1)
        self.end(2)
        self.successResultOf(stopped)
        self.successResultOf(self.workers.replace())
        self.clock.advance(LONGEST_PAUSE_SECONDS)
        self.assertEqual(len(self.spawned), 3)
        self.assertEqual(self.orders()[1:], [["stop", "cut off"]] * 2)


class OptionTests(SynchronousTestCase):
    """``--workers``."""

    def test_auto_is_one_for_each_core(self) -> None:
        self.assertEqual(worker_count("auto"), usable_cores())
        self.assertEqual(worker_count("3"), 3)

    def test_what_is_no_number_of_processes_is_refused(self) -> None:
        for text in ("0", "-1", "many", "1.5", "513", ""):
            with self.assertRaises(ValueError, msg=text):
                worker_count(text)

    def test_share_of_a_container_is_a_number_of_cores(self) -> None:
        group = Path(self.mktemp())
        group.mkdir()
        for text, cores in (
            ("50000 100000", 1),
            ("100000 100000", 1),
            ("max 100000", 0),
        ):
            (group / "cpu.max").write_text(text)
            own = len(os.sched_getaffinity(0))
            self.assertEqual(usable_cores(group), cores or own)

    def test_server_that_must_be_one_process_says_why(self) -> None:
        error = self.assertRaises(UsageError, check_workers, 2, None, "it is alone")
        self.assertEqual(str(error), "--workers: it is alone")
        check_workers(1, None, "it is alone")

    def test_it_is_for_servers_of_twistd(self) -> None:
        parents: tuple[dict[str, object] | None, ...] = (None, {})
        for parent in parents:
            self.assertRaises(UsageError, check_workers, 2, parent, "")


class ThisWorkerTests(SynchronousTestCase):
    """What a worker knows of itself."""

    def test_place_comes_through_the_environment_and_is_taken_from_it(self) -> None:
        place = Place(2, 4, 5, 6, (7, 8), passed=2, beat=0.5)
        environ = {"HOME": "/", **place.environment()}
        self.assertEqual(environ["LISTEN_FDS"], "2")
        self.assertEqual(place_in(environ), place)
        self.assertEqual(environ, {"HOME": "/", "LISTEN_FDS": "2"})
        self.assertIsNone(place_in(environ))

    def test_command_takes_no_module_from_the_current_folder(self) -> None:
        twistd: Any = twistd_script.ServerOptions()  # type: ignore[attr-defined]
        twistd.parseOptions(["-n"])
        twistd.subCommand = "hello"
        line = worker_command(twistd, ["--port", "0"]).line()
        self.assertEqual(line[1:3], ["-P", "-c"])
        self.assertEqual(line[4:], ["-n", "--pidfile=", "hello", "--port", "0"])
        twistd["reactor"] = "poll"
        line = worker_command(twistd, []).line()
        self.assertEqual(line[4:], ["-n", "--pidfile=", "--reactor=poll", "hello"])

    def test_orders_are_lines_and_their_end_is_the_order_to_stop(self) -> None:
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        obeyed: list[bytes] = []
        reactor: Any = Readers()
        orders = Orders(reactor, obeyed.append, reading)
        orders.start()
        orders.doRead()
        os.write(writing, b"reti")
        orders.doRead()
        os.write(writing, b"re\ncut off\n")
        orders.doRead()
        self.assertEqual(obeyed, [b"retire", b"cut off"])
        os.close(writing)
        orders.doRead()
        self.assertEqual(obeyed[2:], [STOP])
        self.assertEqual(reactor.readers, [])

    def test_worker_with_more_connections_than_another_has_a_surplus(self) -> None:
        descriptor = make_loads(2)
        self.addCleanup(os.close, descriptor)
        first, second = Loads(descriptor, 1), Loads(descriptor, 2)
        first.publish(1)
        self.assertFalse(first.has_more())
        first.publish(2)
        self.assertTrue(first.has_more())
        self.assertFalse(second.has_more())
        first.publish(8)
        self.assertFalse(first.has_surplus())
        first.publish(9)
        self.assertTrue(first.has_surplus())
        self.assertFalse(second.has_surplus())
        second.publish(200)
        first.publish(210)
        self.assertFalse(first.has_surplus())
        first.publish(211)
        self.assertTrue(first.has_surplus())
        Loads(descriptor, 1)  # its successor has none
        self.assertTrue(second.has_surplus())


class FakeDaemon:
    """A server of several, as its role sees it."""

    def __init__(self) -> None:
        self.gone: Deferred[None] = Deferred()
        self.publish: Any = None
        self.did: list[str] = []

    def reloads(self) -> list[Any]:
        """Nothing."""
        return []

    def tell(self) -> None:
        """Note it."""
        self.did.append("tell")

    def tell_systemd(self) -> None:
        """Note it."""
        self.did.append("tell systemd")

    def count_connections(self, publish: Any) -> None:
        """Keep whom to tell."""
        self.publish = publish

    def retire(self) -> Deferred[None]:
        """Go on until the test says that all clients have gone."""
        self.did.append("retire")
        return self.gone

    def drain(self) -> Deferred[None]:
        """There is nothing to finish."""
        return succeed(None)


class SharedRoleTests(StartupCase):
    """Two servers in each worker, as ``dartio serve hello notes`` has them."""

    def setUp(self) -> None:
        super().setUp()
        descriptor = make_loads(2)
        self.addCleanup(os.close, descriptor)
        self.loads = Loads(descriptor, 2)
        self.other = Loads(descriptor, 1)
        self.told: list[str] = []
        self.sockets = ["a", "b", "c"]
        news = SimpleNamespace(
            ready=lambda: self.told.append("ready"),
            end=lambda: self.told.append("end"),
            counts=lambda *told: self.told.append("counts"),
        )
        this: Any = SimpleNamespace(
            place=Place(2, 2, 5, 6, (), beat=3.0),
            news=news,
            loads=self.loads,
            beat=self.loads.beat,
            counts=[],
            shared_sockets=self.take_sockets,
        )
        self.role = WorkerRole(this)
        self.reactor = MemoryReactorClock()
        self.daemons = [FakeDaemon(), FakeDaemon()]
        self.patch(Orders, "start", lambda orders: self.order_by(orders._obey))

    def take_sockets(self) -> SharedSockets:
        """All sockets; a second call would close those of the first one."""
        taken: Any = self.sockets
        del self.sockets
        return SharedSockets(taken)

    def order_by(self, obey: Any) -> None:
        """Keep what obeys orders."""
        self.obey = obey

    def test_each_server_has_the_next_sockets(self) -> None:
        self.assertEqual(self.role.sockets(1).sockets, ["a"])
        self.assertEqual(self.role.sockets(2).sockets, ["b", "c"])
        self.role.begin(self.daemons[0], self.reactor)

    def test_more_or_fewer_addresses_than_the_parent_has_are_refused(self) -> None:
        self.role.sockets(2)
        self.assertRaises(StartupError, self.role.begin, self.daemons[0], self.reactor)
        self.assertIn("fewer addresses to listen on now", self.stderr.getvalue())
        self.assertRaises(StartupError, self.role.sockets, 2)
        self.assertIn("more addresses to listen on now", self.stderr.getvalue())

    def begin(self) -> None:
        """Both servers begin, and the reactor runs."""
        self.role.sockets(1)
        self.role.sockets(2)
        for daemon in self.daemons:
            self.role.begin(daemon, self.reactor)
        for call, arguments, _ in self.reactor.triggers["after"]["startup"]:
            if call != reload_at_hangup:
                call(*arguments)

    def test_connections_of_both_are_its_load(self) -> None:
        self.begin()
        self.assertEqual(self.told, ["ready"])
        self.daemons[0].publish(5)
        self.daemons[1].publish(2)
        self.daemons[0].publish(3)
        self.other.publish(0)
        self.assertEqual(self.loads._counts[1], 5)

    def test_reactor_that_turns_beats(self) -> None:
        self.begin()
        for _ in range(3):
            self.reactor.advance(3)
        self.assertEqual(self.loads._beats.tolist(), [0, 4])

    def test_it_ends_when_the_clients_of_both_have_gone(self) -> None:
        self.begin()
        stopped: list[bool] = []
        self.patch(self.reactor, "stop", lambda: stopped.append(True))
        self.obey(RETIRE)
        self.daemons[1].gone.callback(None)
        self.assertEqual(stopped, [])
        self.daemons[0].gone.callback(None)
        self.assertEqual(stopped, [True])


class Readers:
    """A reactor that only keeps its readers."""

    def __init__(self) -> None:
        self.readers: list[Any] = []

    def addReader(self, reader: Any) -> None:
        """Keep it."""
        self.readers.append(reader)

    def removeReader(self, reader: Any) -> None:
        """Keep it no more."""
        self.readers.remove(reader)
