"""Load plug-ins from files or modules that the command line names. A template can't name code to import."""

import importlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from macro.errors import PluginError, Problem
from macro.plugin import Plugin
from macro.plugins import as_plugin


def load_plugin_files(names: Sequence[str]) -> dict[str, Plugin]:
    """The plug-ins by name. Each of ``names`` is ``[NAME=]FILE.py`` or ``[NAME=]package.module``.

    Raises:
        PluginError: a file or module does not exist, can't be imported, or is not a plug-in.
    """
    plugins = {}
    for entry in names:
        given, equals, place = entry.rpartition("=")
        name = given if equals else Path(place).stem if place.endswith(".py") else place.rpartition(".")[2]
        plugins[name] = as_plugin(name, _load(place))
    return plugins


def _load(place: str) -> Any:
    if not place.endswith(".py"):
        try:
            return importlib.import_module(place)
        except Exception as error:
            raise PluginError([Problem((), f"--plugin {place}: can't be imported: {error}")]) from None
    path = Path(place)
    if not path.is_file():
        raise PluginError([Problem((), f"--plugin {place}: there is no such file")])
    spec = importlib.util.spec_from_file_location(f"hitcounter_plugin_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise PluginError([Problem((), f"--plugin {place}: is not a Python file")])
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise PluginError([Problem((), f"--plugin {place}: {type(error).__name__}: {error}")]) from error
    return module
