"""Who may include whom: the folders as docs/architecture.md draws them, and the libraries that one folder hides.

All folders are static libraries that look for headers in the whole tree, so a wrong #include would build and link.
"""

import pathlib
import re

# A folder sees itself and these.
FOLDERS = {
    "base": set(),
    "model": {"base"},
    "config": {"base", "model"},
    "providers": {"base", "model", "config"},
    "haproxy": {"base", "model", "config"},
    "api": {"base", "model"},
    "actors": {"base", "model", "config", "providers", "haproxy", "api"},
    "cli": {"base", "model", "config", "providers", "haproxy", "api", "actors"},
}

# The first part of a header's path, and the folders in which it may stand.
LIBRARIES = {
    "ares": ["base"],
    "ares.h": ["base"],
    "caf": ["actors"],
    "CLI": ["cli"],
    "curl": ["providers/rest"],
    "hiredis": ["providers/redis"],
    "httplib.h": ["api", "cli"],
    "jq.h": ["providers/rest"],
    "jv.h": ["providers/rest"],
    "libpq-fe.h": ["providers/postgres"],
    "pqxx": ["providers/postgres"],
    "prometheus": ["api"],
    "spdlog": ["actors"],
    "yaml-cpp": ["base"],
}

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')


def complaint(folder, header):
    """What is wrong with an #include of `header` in a file of `folder` ("providers/redis"); None if nothing is."""
    own, wanted = folder.split("/")[0], header.split("/")[0]
    if wanted == "tests":
        return "the product includes a test"
    if wanted in FOLDERS and wanted != own and wanted not in FOLDERS[own]:
        return f"{own}/ does not see {wanted}/"
    places = LIBRARIES.get(wanted)
    if places and not any(folder == place or folder.startswith(place + "/") for place in places):
        return f"{wanted} is for {', '.join(places)} alone"
    return None


def complaints(root):
    """One line for each #include under `root` that its folder may not have."""
    root = pathlib.Path(root)
    found = []
    for top in FOLDERS:
        for path in sorted((root / top).rglob("*.[ch]pp")):
            folder = path.parent.relative_to(root).as_posix()
            for number, line in enumerate(path.read_text().splitlines(), 1):
                match = INCLUDE.match(line)
                why = match and complaint(folder, match.group(1))
                if why:
                    found.append(f"{path.relative_to(root)}:{number}: {match.group(1)}: {why}")
    return found
