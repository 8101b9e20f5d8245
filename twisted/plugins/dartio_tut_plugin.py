"""What ``twistd`` lists: a server for each lesson, imported only when it is chosen."""

from twisted.application.service import ServiceMaker

from dartio_tut.servers.lessons import LESSONS

for _lesson in LESSONS:
    globals()[_lesson.name] = ServiceMaker(
        _lesson.name,
        _lesson.module,
        f"{_lesson.summary.removesuffix('.')} ({_lesson.port}).",
        _lesson.name,
    )

tutorial = ServiceMaker(
    "tutorial",
    "dartio_tut.servers.tutorial",
    "All servers of the tutorial in one process, each on its port.",
    "tutorial",
)
