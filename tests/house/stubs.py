"""A folder with programs of a test's own, which note how they are called."""

import pathlib
import tempfile
import unittest


class WithStubs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.path = self.folder / "bin"
        self.path.mkdir()

    def stub(self, name, script, folder=None):
        file = (folder or self.path) / name
        file.unlink(missing_ok=True)
        file.write_text(f"#!/bin/bash\n{script}\n")
        file.chmod(0o755)

    def noted(self, call):
        return f'echo "{call} $*" >>"{self.folder}/calls"'

    def calls(self):
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []
