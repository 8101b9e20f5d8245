"""
`Files` is a `twisted.web.static.File`: what that has, works here too.
"""

from __future__ import annotations

import inspect
import os
import pickle
from copy import copy
from typing import Any

from twisted.internet.defer import maybeDeferred
from twisted.python.filepath import FilePath, InsecurePath
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request
from twisted.web.static import Data, File, Registry
from twisted.web.test.requesthelper import DummyRequest

from dartio_tut.resources import Files

from .support.file_case import BROWSER, FileCase
from .support.memory_client import ask


class Script(Resource):
    """What a processor makes of a file."""

    isLeaf = True

    def __init__(self, path: str, registry: Registry) -> None:
        super().__init__()
        self.path, self.registry = path, registry

    def render(self, request: Request) -> bytes:
        return b"script " + os.path.basename(self.path).encode()


class TwistedFileCase(FileCase):
    """A folder with some files, and one with all settings changed."""

    def setUp(self) -> None:
        super().setUp()
        self.file("file.txt", b"0123456789")
        self.file("sub/index.html", b"index")
        self.file("sub/page.html", b"page")
        self.file("bare/a.foo", b"a")
        self.file(".hidden", b"hidden")
        self.settings = {
            "listing": True, "try_html": True, "index": ["index.html"],
            "fields": [(b"X-All", b"all")], "run": maybeDeferred,
        }  # fmt: skip


class PublicNamesTests(TwistedFileCase):
    """Every public name of File, called."""

    def test_no_name_is_forgotten(self) -> None:
        """Each name is in this module, so a new one of Twisted's is noticed."""
        told = inspect.getsource(inspect.getmodule(type(self)))  # type: ignore[arg-type]
        for name in dir(File):
            if not name.startswith("_"):
                self.assertRegex(told, rf"\b{name}\b", name)

    def test_attributes(self) -> None:
        files = self.files()
        self.assertEqual(files.contentTypes[".html"], "text/html")
        self.assertEqual(files.contentEncodings, {})
        self.assertEqual(files.indexNames, ["index.html"])
        self.assertEqual(files.processors, {})
        self.assertEqual((files.type, files.encoding), (None, None))
        self.assertEqual(files.defaultType, "application/octet-stream")
        self.assertEqual(files.ignoredExts, [])
        self.assertIsInstance(files.registry, Registry)
        self.assertEqual((files.sep, files.server), (os.sep, None))
        self.assertTrue(files.isLeaf)
        self.assertTrue(IResource.providedBy(files.childNotFound))
        self.assertTrue(IResource.providedBy(files.forbidden))
        self.assertEqual(FilePath.Selfish, File.Selfish)
        self.assertEqual(files.entityType, File.entityType)

    def test_constructor_takes_what_that_of_file_takes(self) -> None:
        registry = Registry()
        files = Files(str(self.root), "text/x-default", [".foo"], registry)
        self.assertEqual(files.defaultType, "text/x-default")
        self.assertEqual(files.ignoredExts, [".foo"])
        self.assertIs(files.registry, registry)
        self.file("unknown")
        kind = ask(files, "GET", "/unknown").fields["content-type"]
        self.assertEqual(kind, "text/x-default; charset=utf-8")
        self.assertEqual(ask(files, "GET", "/bare/a").body, b"a")

    def test_names_and_paths(self) -> None:
        files = self.files()
        path = str(self.root.absolute())
        self.assertEqual((files.path, files.dirname()), (path, os.path.dirname(path)))
        self.assertEqual(files.basename(), self.root.name)
        self.assertEqual(files.splitext(), os.path.splitext(path))
        self.assertEqual(files.asTextMode().path, path)
        self.assertEqual(files.asBytesMode().path, os.fsencode(path))
        self.assertEqual(files.realpath().path, os.path.realpath(path))
        self.assertEqual(files.clonePath(path).path, path)
        self.assertEqual(files.child("sub").path, f"{path}/sub")
        self.assertRaises(InsecurePath, files.child, "..")
        self.assertEqual(files.preauthChild("a/b").path, f"{path}/a/b")
        self.assertEqual(files.descendant(["a", "b"]).path, f"{path}/a/b")
        self.assertEqual(files.parent().path, os.path.dirname(path))
        self.assertIn(os.path.dirname(path), [p.path for p in files.parents()])
        self.assertEqual(files.sibling("x").path, f"{os.path.dirname(path)}/x")
        self.assertEqual(files.siblingExtension(".x").path, f"{path}.x")
        self.assertIsNone(files.siblingExtensionSearch(".x"))
        self.assertTrue(files.temporarySibling().path.startswith(os.path.dirname(path)))
        self.assertEqual(files.child("a").segmentsFrom(files), ["a"])
        found = files.childSearchPreauth("none", "file.txt")
        self.assertEqual(found and found.path, f"{path}/file.txt")
        self.assertEqual([p.basename() for p in files.globChildren("*.txt")],
                         ["file.txt"])  # fmt: skip
        self.assertIn(f"{path}/sub/page.html", [p.path for p in files.walk()])
        self.assertEqual(files.children, {})
        listed: Any = files.children
        below = sorted(path.basename() for path in listed())
        self.assertEqual(below, [".hidden", "bare", "file.txt", "sub"])

    def test_status(self) -> None:
        files = Files(str(self.root / "file.txt"))
        status = os.stat(self.root / "file.txt")
        files.restat()
        files.changed()
        self.assertTrue(files.exists() and files.isfile() and files.isabs())
        self.assertFalse(files.isdir() or files.islink())
        self.assertFalse(files.isBlockDevice() or files.isSocket())
        self.assertEqual((files.getsize(), files.getFileSize()), (10, 10))
        self.assertEqual(files.getModificationTime(), status.st_mtime)
        self.assertEqual(files.getmtime(), int(status.st_mtime))
        self.assertEqual(files.getStatusChangeTime(), status.st_ctime)
        self.assertEqual(files.getctime(), int(status.st_ctime))
        self.assertEqual(files.getAccessTime(), status.st_atime)
        self.assertEqual(files.getatime(), int(status.st_atime))
        self.assertEqual(files.getInodeNumber(), status.st_ino)
        self.assertEqual(files.getDevice(), status.st_dev)
        self.assertEqual(files.getNumberOfHardLinks(), 1)
        self.assertEqual(files.getUserID(), status.st_uid)
        self.assertEqual(files.getGroupID(), status.st_gid)
        self.assertTrue(files.getPermissions().user.read)

    def test_content(self) -> None:
        files = Files(str(self.root / "file.txt"))
        for opened in (files.open(), files.openForReading()):
            with opened:
                self.assertEqual(opened.read(), b"0123456789")
        self.assertEqual(files.getContent(), b"0123456789")
        files.setContent(b"new")
        self.assertEqual(ask(files, "GET", "/").body, b"new")
        files.copyTo(files.sibling("copy.txt"))
        files.sibling("copy.txt").moveTo(files.sibling("moved.txt"))
        self.assertEqual(files.sibling("moved.txt").getContent(), b"new")
        files.linkTo(files.sibling("link.txt"))
        self.assertEqual(ask(self.files(), "GET", "/link.txt").code, 200)
        files.chmod(0o600)
        files.requireCreate()
        made = Files(str(self.root / "made"))
        made.createDirectory()
        made.child("a").create().close()
        made.child("b").touch()
        made.child("c").makedirs()
        self.assertEqual(sorted(made.listdir()), ["a", "b", "c"])
        self.assertEqual(made.listNames(), ["a", "b", "c"])
        made.remove()
        self.assertFalse(made.exists())

    def test_entities_of_a_resource(self) -> None:
        files = self.files()
        data = Data(b"data", "text/plain")
        files.putChild(b"data", data)
        self.assertEqual(files.listStaticNames(), [b"data"])
        self.assertEqual(list(files.listStaticEntities()), [(b"data", data)])
        self.assertIs(files.getStaticEntity(b"data"), data)
        self.assertEqual(files.listDynamicNames(), [])
        self.assertEqual(files.listDynamicEntities(), [])
        request: Any = DummyRequest([b"file.txt"])
        self.assertIsInstance(files.getDynamicEntity(b"x", request), Files)
        files.reallyPutEntity(b"more", data)
        files.delEntity(b"more")
        self.assertEqual(files.listStaticNames(), [b"data"])
        self.assertIs(files.getChildWithDefault(b"data", request), data)
        self.assertIsInstance(files.getChildForRequest(request), Files)

    def test_listing_of_names_and_entities(self) -> None:
        files = self.files()
        self.assertEqual(files.listNames(), ["bare", "file.txt", "sub"])
        self.assertEqual(Files(str(self.root / "file.txt")).listNames(), [])
        entities = files.listEntities()
        self.assertEqual([e.basename() for e in entities], files.listNames())
        tree = Resource()
        tree.putChild(b"entity", entities[1])
        answer = ask(tree, "GET", "/entity")
        self.assertEqual((answer.body, answer.fields["x-all"]), (b"0123456789", "all"))

    def test_directory_listing(self) -> None:
        for files in (self.files(), self.files(listing=False)):
            listed = ask(files.directoryListing(), "GET", "/", accept="text/plain")
            self.assertEqual(
                (listed.code, listed.body), (200, b"bare/\nsub/\nfile.txt\n")
            )
        one = Files(str(self.root / "file.txt")).directoryListing()
        self.assertEqual(ask(one, "GET", "/").code, 404)

    def test_redirect(self) -> None:
        request: Any = DummyRequest([b""])
        request.uri, request.method = b"/a/sub?b", b"GET"
        self.files().redirect(request)
        location = request.responseHeaders.getRawHeaders(b"location")
        self.assertEqual((request.responseCode, location), (301, [b"./sub/?b"]))

    def test_render_methods_and_producer(self) -> None:
        files = Files(str(self.root / "file.txt"))
        for method in (b"GET", b"HEAD"):
            request: Any = DummyRequest([])
            request.method, request.uri, request._disconnected = method, b"/", True
            render = files.render_HEAD if method == b"HEAD" else files.render_GET
            render(request)
            files.render(request)
        with files.openForReading() as opened:
            producer = files.makeProducer(DummyRequest([]), opened)
            self.assertTrue(hasattr(producer, "start"))


class SimilarFileTests(TwistedFileCase):
    """What is made of one of these has the same settings."""

    def test_similar_file_keeps_settings_and_root(self) -> None:
        files = self.files()
        files.indexNames = ["page.html"]
        files.ignoreExt(".foo")
        files.processors = {".rpy": Script}  # type: ignore[dict-item]
        os.symlink("/etc/passwd", self.root / "sub" / "out")
        os.symlink("../file.txt", self.root / "sub" / "up")
        similar = files.createSimilarFile(str(self.root / "sub"))
        self.assertEqual(similar.path, str((self.root / "sub").absolute()))
        self.assertEqual(similar.ignoredExts, [".foo"])
        self.assertIs(similar.processors, files.processors)
        similar.processors = {}
        for target, body in [
            ("/", b"page"), ("/page", b"page"), ("/index", b"index"),
            ("/up", b"0123456789"),
        ]:  # fmt: skip
            answer = ask(similar, "GET", target)
            self.assertEqual((target, answer.body), (target, body))
            self.assertEqual(answer.fields["x-all"], "all")
        self.assertEqual(ask(similar, "GET", "/out").code, 404)
        self.assertEqual(ask(similar, "GET", "/../file.txt").code, 404)

    def test_similar_file_elsewhere_has_a_root_of_its_own(self) -> None:
        elsewhere = self.root.parent / (self.root.name + "-elsewhere")
        elsewhere.mkdir()
        (elsewhere / "page.html").write_bytes(b"elsewhere")
        similar = self.files().createSimilarFile(str(elsewhere))
        answer = ask(similar, "GET", "/page")
        self.assertEqual((answer.body, answer.fields["x-all"]), (b"elsewhere", "all"))

    def test_changes_of_one_do_not_change_the_other(self) -> None:
        files = self.files()
        similar = files.createSimilarFile(str(self.root / "sub"))
        similar.indexNames.append("none")
        similar.ignoreExt(".x")
        similar.putChild(b"a", Data(b"a", "text/plain"))
        self.assertEqual(files.indexNames, ["index.html"])
        self.assertEqual((files.ignoredExts, files.children), ([], {}))

    def test_child_of_a_request(self) -> None:
        files = self.files()
        request: Any = DummyRequest([])
        sub = files.getChild(b"sub", request)
        assert isinstance(sub, Files)
        self.assertEqual(ask(sub, "GET", "/page").body, b"page")
        self.assertEqual(ask(sub.getChild(b"page", request), "GET", "/").code, 404)
        for name in (b"..", b"a/b", b"%00", b"\0", b".hidden", b"none"):
            child = files.getChild(name, request)
            self.assertEqual((name, ask(child, "GET", "/").code), (name, 404))

    def test_copy_and_pickle(self) -> None:
        files = self.files()
        self.assertEqual(ask(copy(files), "GET", "/file.txt").code, 200)
        self.assertEqual(pickle.loads(pickle.dumps(FilePath("a"))).basename(), "a")

    def test_subclass_with_a_constructor_of_its_own(self) -> None:
        class Mine(Files):
            indexNames = ["page.html"]  # noqa: RUF012

            def __init__(self, root: str) -> None:
                super().__init__(root, listing=True)

        similar = Mine(str(self.root)).createSimilarFile(str(self.root / "sub"))
        self.assertIsInstance(similar, Mine)
        self.assertEqual(ask(similar, "GET", "/").body, b"page")


class ChangedFilesTests(TwistedFileCase):
    """Attributes that programs change."""

    def test_processors(self) -> None:
        self.file("run.rpy", b"source")
        self.file("sub/run.rpy", b"source")
        self.file("app/index.rpy", b"source")
        self.file(".secret.rpy", b"source")
        files = self.files(index=["index.html", "index.rpy"])
        files.processors = {".rpy": Script}  # type: ignore[dict-item]
        files.ignoreExt(".rpy")
        self.assertFalse(files.isLeaf)
        for target, body in [
            ("/run.rpy", b"script run.rpy"), ("/run", b"script run.rpy"),
            ("/sub/run.rpy", b"script run.rpy"), ("/app/", b"script index.rpy"),
            ("/file.txt", b"0123456789"), ("/sub/", b"index"), ("/sub/page", b"page"),
        ]:  # fmt: skip
            answer = ask(files, "GET", target)
            self.assertEqual((target, answer.body), (target, body))
        self.assertEqual(ask(files, "POST", "/run.rpy").body, b"script run.rpy")
        self.assertEqual(ask(files, "GET", "/app").code, 301)
        for target in ("/.secret.rpy", "/none.rpy", "/sub/none"):
            self.assertEqual((target, ask(files, "GET", target).code), (target, 404))

    def test_ignored_extensions(self) -> None:
        files = self.files(try_html=False)
        self.assertEqual(ask(files, "GET", "/bare/a").code, 404)
        files.ignoreExt(".foo")
        self.assertEqual(ask(files, "GET", "/bare/a").body, b"a")
        files.ignoredExts = ["*"]
        self.assertEqual(ask(files, "GET", "/sub/page").body, b"page")
        self.assertEqual(ask(files, "GET", "/file").body, b"0123456789")
        self.assertEqual(ask(files, "GET", "/fil").code, 404)

    def test_index_names(self) -> None:
        files = self.files()
        files.indexNames = ["none", "page.html"]
        self.assertEqual(ask(files, "GET", "/sub/").body, b"page")

    def test_listing(self) -> None:
        files = self.files(listing=False)
        self.assertEqual(ask(files, "GET", "/bare/").code, 404)
        files.listing = True
        self.assertEqual(ask(files, "GET", "/bare/").code, 200)

    def test_content_types(self) -> None:
        class Mine(Files):
            contentTypes = {**Files.contentTypes, ".foo": "text/x-foo"}  # noqa: RUF012

        kind = ask(Mine(str(self.root)), "GET", "/bare/a.foo").fields["content-type"]
        self.assertEqual(kind, "text/x-foo; charset=utf-8")

    def test_type_of_one_file(self) -> None:
        files = Files(str(self.root / "file.txt"))
        files.type = "text/x-own"
        self.assertEqual(ask(files, "GET", "/").fields["content-type"], "text/x-own")

    def test_not_found_and_forbidden(self) -> None:
        files = self.files()
        files.childNotFound = Data(b"own page", "text/plain")  # type: ignore[assignment]
        self.assertEqual(ask(files, "GET", "/none", accept=BROWSER).body, b"own page")
        answer = ask(Files.childNotFound, "GET", "/")
        self.assertEqual(answer.code, 404)
        self.assertEqual(ask(Files.forbidden, "GET", "/").code, 403)

    def test_children_put_there_by_hand(self) -> None:
        files = self.files()
        files.putChild(b"api", Data(b"api", "text/plain"))
        for target, body in [("/api", b"api"), ("/sub/page", b"page"),
                             ("/sub/", b"index")]:  # fmt: skip
            self.assertEqual((target, ask(files, "GET", target).body), (target, body))


class OneFileTests(FileCase):
    """A resource for one file."""

    def test_at_the_root_and_under_its_own_name(self) -> None:
        path = self.file("file.txt", b"one")
        files = Files(str(path))
        for target in ("/", "/file.txt"):
            answer = ask(files, "GET", target)
            self.assertEqual((target, answer.body), (target, b"one"))
            kind = answer.fields["content-type"]
            self.assertEqual(kind, "text/plain; charset=utf-8")
        for target in ("/file.txt/", "/other", "/file.txt/x", "/file"):
            self.assertEqual((target, ask(files, "GET", target).code), (target, 404))

    def test_there_again_after_a_folder_was_in_its_place(self) -> None:
        path = self.file("file.txt", b"one")
        files = Files(str(path))
        path.unlink()
        path.mkdir()
        for target in ("/", "/file.txt", "/other"):
            self.assertEqual((target, ask(files, "GET", target).code), (target, 404))
        path.rmdir()
        self.assertEqual(ask(files, "GET", "/").code, 404)
        path.write_bytes(b"two")
        for target in ("/", "/file.txt"):
            self.assertEqual(ask(files, "GET", target).body, b"two")

    def test_folder_below_an_empty_segment_is_found(self) -> None:
        self.file("index.html", b"index")
        for target in ("/", "/below/"):
            above = below = Resource()
            for name in target.strip("/").encode().split():
                below = Resource()
                above.putChild(name, below)
            below.putChild(b"", self.files())
            self.assertEqual(ask(above, "GET", target).body, b"index")

    def test_gone(self) -> None:
        path = self.file("file.txt", b"one")
        files = Files(str(path))
        path.unlink()
        self.assertEqual(ask(files, "GET", "/").code, 404)
