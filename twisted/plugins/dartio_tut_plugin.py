"""What ``twistd`` lists: a server for each lesson, imported only when it is chosen."""

from dartio_tut.servers.lessons import LESSONS
from dartio_tut.servers.server_plugin import ServerPlugin

for _lesson in LESSONS:
    globals()[_lesson.name] = ServerPlugin(
        _lesson.name,
        _lesson.module,
        f"{_lesson.summary.removesuffix('.')} ({_lesson.port}).",
        _lesson.name,
    )

tutorial = ServerPlugin(
    "tutorial",
    "dartio_tut.servers.tutorial",
    "All servers of the tutorial in one process, each on its port.",
    "tutorial",
)
