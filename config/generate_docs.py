#!/usr/bin/env python3
"""Writes docs/settings.md from config/settings.schema.json.

    config/generate_docs.py            writes the page
    config/generate_docs.py --check    exits 1 when the page is not what would be written
"""

import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCHEMA = ROOT / "config" / "settings.schema.json"
PAGE = ROOT / "docs" / "settings.md"

HEAD = """# Settings

<!-- Written by config/generate_docs.py from config/settings.schema.json: change the schema. -->

{description}

The file is `/etc/switchyard/switchyard.yaml` unless `--config FILE` or `SWITCHYARD_CONFIG` says otherwise.
Unknown and duplicate keys, wrong types and values out of range are errors, all of them shown at once
with file, line and column. For completion and checks in editors, point them at `config/settings.schema.json`.

## Environment variables

`SWITCHYARD_A__B` overrides the key `a.b`: upper case, two underscores between levels. An entry of a list
is named by its `name`, with `_` for every character that a variable cannot have:
`SWITCHYARD_PROVIDERS__MAIN_DB__DSN` sets the `dsn` of the provider `main-db`. The value is read as YAML, so
a text that YAML would read otherwise needs quotes: `SWITCHYARD_FRONTENDS__GATEWAY__BINDS='[{{address: "*", port: 80}}]'`.
A variable that names no setting is an error.

"""


class Page:
    def __init__(self, schema):
        self.schema = schema
        self.lines = []

    def resolve(self, node):
        """The node with what it refers to merged in; its own words win."""
        while "$ref" in node:
            target = self.schema
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            kind = node["$ref"].rsplit("/", 1)[1]
            node = {**target, "kind": kind, **{k: v for k, v in node.items() if k != "$ref"}}
        for option in node.get("anyOf", []):
            if "$ref" in option and "properties" not in node:
                node = {**self.resolve(option), "nullable": True,
                        **{k: v for k, v in node.items() if k != "anyOf"}}
        return node

    def type_of(self, node):
        if "const" in node:
            return f"`{node['const']}`"
        if "enum" in node:
            return " \\| ".join(f"`{word}`" for word in node["enum"])
        if node.get("kind") in ("duration", "name"):
            return node["kind"]
        kinds = {"integer": "number", "boolean": "true or false", "string": "text", "array": "list",
                 "object": "section"}
        kind = node["type"]
        return kinds[kind[0] if isinstance(kind, list) else kind]

    def range_of(self, node):
        low = node.get("minimum", node.get("x-minimum"))
        high = node.get("maximum", node.get("x-maximum"))
        if low is not None:
            return f"{low} … {high}"
        if "maxLength" in node:
            return f"{node.get('minLength', 0)} … {node['maxLength']} bytes"
        return ""

    def default_of(self, node, required):
        if required:
            return "required"
        default = node.get("default")
        if default is None or default == {}:
            return ""
        return f"`{json.dumps(default) if not isinstance(default, str) else default or chr(34) * 2}`"

    def section(self, title, node, level):
        """A heading, the description, a table of the keys, then the sections below."""
        self.lines += [f"{'#' * level} {title}", ""]
        if node.get("description"):
            self.lines += [node["description"], ""]
        self.lines += ["| key | type | default | range | meaning |", "|---|---|---|---|---|"]
        below = []
        for key, child in node["properties"].items():
            child = self.resolve(child)
            row = [f"`{key}`", self.type_of(child), self.default_of(child, key in node.get("required", [])),
                   self.range_of(child), child.get("description", "")]
            self.lines.append("| " + " | ".join(row) + " |")
            if "properties" in child:
                below.append((f"{title}.{key}", child))
            items = child.get("items", {})
            for entry in items.get("oneOf", [items]):
                entry = self.resolve(entry)
                if "properties" in entry:
                    kind = entry["properties"].get("type", {}).get("const")
                    below.append((f"{title}.{key}[]" + (f" of type {kind}" if kind else ""), entry))
        self.lines.append("")
        for name, child in below:
            self.section(name.removeprefix("Top level."), child, 3)

    def text(self):
        self.section("Top level", {**self.schema, "description": ""}, 2)
        return HEAD.format(description=self.schema["description"]) + "\n".join(self.lines).rstrip() + "\n"


def main():
    page = Page(json.loads(SCHEMA.read_text(encoding="utf-8"))).text()
    if sys.argv[1:] == ["--check"]:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page:
            sys.exit("docs/settings.md is out of date: run config/generate_docs.py")
        return
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
