"""
The OpenAPI descriptions, held against the daemons they describe.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import Any

from openapi_spec_validator import validate
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError

from .support.harness import BIN, CHECKOUT, Case, Daemon, ask, environment

SEED = "20"

EXAMPLES = os.environ.get("DARTIO_API_EXAMPLES", "5")
"""Requests of each kind to an operation."""

ALL_METHODS = ("GET", "HEAD", "PUT", "PATCH", "DELETE", "POST", "OPTIONS")


class OpenAPITests(Case):
    """What is described is what is answered."""

    def described(self, daemon: Daemon) -> Any:
        return json.loads(ask(daemon, "GET", "/openapi.json").body)

    def holds(self, daemon: Daemon) -> None:
        """schemathesis finds nothing."""
        address = f"http://127.0.0.1:{daemon.port}"
        described = self.here / "openapi.json"
        described.write_text(json.dumps(self.described(daemon)))
        ended = subprocess.run(
            [
                str(BIN / "st"),
                f"--config-file={CHECKOUT / 'tests' / 'schemathesis.toml'}",
                *("run", str(described), "--url", address, "--checks", "all"),
                *("--seed", SEED, "--max-examples", EXAMPLES, "--no-color"),
                *("--request-timeout", "10", "--warnings", "off", "--no-shrink"),
                *("--generation-database", "none"),
            ],
            cwd=self.here,
            env=environment(self.home) | {"PYTHONPATH": str(CHECKOUT)},
            capture_output=True,
            text=True,
            timeout=120 + 10 * int(EXAMPLES),
            check=False,
        )
        self.assertEqual(ended.returncode, 0, ended.stdout + ended.stderr)
        self.assertRegex(ended.stdout, r"[1-9]\d\d+ generated, [1-9]\d\d+ passed")

    def test_writer_answers_as_described(self) -> None:
        self.holds(self.serve("writer", "--rest"))

    def test_writer_that_requires_conditions_answers_as_described(self) -> None:
        self.holds(self.serve("writer", "--rest", "--require-match"))

    def test_notes_answers_as_described(self) -> None:
        self.holds(self.serve("notes", "--rest"))

    def test_descriptions_are_valid(self) -> None:
        for name in ("writer", "notes"):
            described = self.described(self.serve(name, "--rest"))
            validate(described)
            broken = json.loads(json.dumps(described).replace('"responses"', '"x"'))
            self.assertRaises(OpenAPIValidationError, validate, broken)

    def test_described_methods_are_those_that_are_allowed(self) -> None:
        examples = {"name": "here", "number": "0"}
        stored = {"myNote": "one", "name": "x"}
        fields = {"Content-Type": "application/json"}
        for name in ("writer", "notes"):
            daemon = self.serve(name, "--rest")
            target = "/here" if name == "writer" else "/"
            ask(daemon, "POST", target, json.dumps(stored), fields)
            for path, methods in self.described(daemon)["paths"].items():
                target = re.sub("{(.*)}", lambda found: examples[found[1]], path)
                said = {m.upper() for m in methods} - {"PARAMETERS"}
                allowed = ask(daemon, "OPTIONS", target).fields["Allow"]
                self.assertEqual((path, set(allowed.split(", "))), (path, said))
                for method in ALL_METHODS:
                    answered = ask(daemon, method, target, "{}", fields)
                    refused = answered.code == 405
                    self.assertEqual((method, refused), (method, method not in said))
                    if refused:
                        self.assertEqual(answered.fields["Allow"], allowed)
                    if method == "DELETE":
                        ask(daemon, "POST", target, json.dumps(stored), fields)

    def test_nothing_is_described_without_rest(self) -> None:
        for name, code in (("writer", 405), ("notes", 404)):
            daemon = self.serve(name)
            self.assertEqual(ask(daemon, "GET", "/openapi.json").code, code)

    def test_installed_description_is_that_of_the_checkout(self) -> None:
        for name in ("writer", "notes"):
            folder = CHECKOUT / "dartio_tut" / "resources" / "rest" / "openapi"
            text = (folder / f"{name}.json").read_text()
            described = self.described(self.serve(name, "--rest"))
            self.assertEqual(json.loads(text), described)
