"""Gives mkdocs the pages of site_pages.py, and refuses a site in which a public name is missing."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from site_pages import pictures, site_pages
from site_reference import home, public_names

PAGES = site_pages()


def on_config(config: Any) -> Any:
    """An entry of the nav with a * becomes all pages of that name, but for those that are named beside it."""
    config["nav"] = spelt_out(config["nav"])
    return config


def spelt_out(entries: list[Any]) -> list[Any]:
    """The entries of a group, and of those in it."""
    shown = []
    for entry in entries:
        if isinstance(entry, dict):
            shown += [{title: spelt_out(inside)} for title, inside in entry.items()]
        elif "*" in entry:
            shown += sorted(place for place in PAGES if fnmatch(place, entry) and place not in entries)
        else:
            shown.append(entry)
    return shown


def on_files(files: Files, config: Any) -> Files:
    """The pages as they are shown, in the place of those that are written."""
    for place, text in PAGES.items():
        written = files.get_file_from_path(place)
        if written is not None:
            files.remove(written)
        files.append(File.generated(config, place, content=text))
    for place, picture in pictures().items():
        files.append(File.generated(config, place, content=picture))
    return files


def on_post_build(config: Any) -> None:
    """Every public name has its entry where the reference says."""
    site = Path(config["site_dir"])
    missing = [
        x for x in public_names() if f'id="optzoo_jax.{x}"' not in (site / home(x)).with_suffix(".html").read_text()
    ]
    if missing:
        raise PluginError(f"public names without an entry in the reference: {', '.join(missing)}")
