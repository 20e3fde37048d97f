"""The folders include what docs/architecture.md allows them, and nothing else."""

import pathlib
import tempfile
import unittest

import includes

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Includes(unittest.TestCase):
    def test_the_tree_keeps_to_its_folders(self):
        self.assertEqual(includes.complaints(ROOT), [])

    def test_every_folder_of_the_product_is_looked_at(self):
        with_code = {p.relative_to(ROOT).parts[0] for p in ROOT.glob("*/**/*.cpp")} - {"tests", "examples", "build"}
        self.assertEqual(with_code, set(includes.FOLDERS))

    def test_what_is_not_allowed_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "providers/file").mkdir(parents=True)
            (root / "providers/file/a.cpp").write_text(
                '#include <vector>\n#include "base/fd.hpp"\n#include "haproxy/gateway.hpp"\n'
                '#include <hiredis/hiredis.h>\n# include "tests/support/support.hpp"\n'
            )
            found = includes.complaints(root)
        self.assertEqual([line.split(":")[:2] for line in found], [["providers/file/a.cpp", str(n)] for n in (3, 4, 5)])


if __name__ == "__main__":
    unittest.main()
