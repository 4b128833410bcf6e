"""Build third-party plug-ins from copied values, and check each piece against the plug-in's declaration."""

import copy
import json
import os
import traceback
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from macro.errors import MacroError, Path, PluginError, Problem
from macro.plugin import Json, Piece, Plugin, Values
from macro.template.counters import TYPE


class Place(NamedTuple):
    """The place of a piece: the prefix of its logical IDs, the attributes that it gets, and the IDs already taken."""

    prefix: str
    attributes: Mapping[str, Json]
    taken: Collection[str]


def build_further(plugin: Plugin, values: Values, path: Path) -> Piece:
    """The piece that the plug-in returns. If it fails, :class:`PluginError` gives its name, at ``path``."""
    try:
        return plugin.build(copy.deepcopy(dict(values)))
    except MacroError as error:
        raise PluginError(problem._replace(path=problem.path or path) for problem in error.problems) from error
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{os.path.basename(last.filename)}, line {last.lineno}"
        text = f"plugin '{plugin.name}' failed: {type(error).__name__}: {error} ({where})"
        raise PluginError([Problem(path, text)]) from error


def check_piece(plugin: Plugin, piece: Piece, path: Path, places: Sequence[Place]) -> None:
    """Raise :class:`PluginError` with all problems of a piece.

    ``places`` holds the piece's own place and, for a plug-in that takes ``stages``, the place of each stage.
    """
    problems = list(_check_shape(piece, len(places) - 1))
    if not problems:
        problems += _check_values(plugin, piece)
        for part, place in zip((piece, *piece.stages), places, strict=False):
            for logical_id, resource in part.resources.items():
                problems += _check_resource(logical_id, resource, place)
        try:
            json.dumps(piece)
        except (TypeError, ValueError) as error:
            problems.append(f"returns a value that is not JSON: {error}")
    if problems:
        raise PluginError(Problem(path, f"plugin '{plugin.name}' {problem}") for problem in problems)


def _check_shape(piece: Piece, stages: int) -> Iterator[str]:
    if not _is_piece(piece):
        yield f"must return a Piece with two maps, got {type(piece).__name__}"
    elif piece.stages and (len(piece.stages) != stages or not all(_is_piece(part) for part in piece.stages)):
        many = f"must return a Piece with two maps for each of the {stages} stages, or for none"
        yield many if stages else "returns pieces for stages; add 'stages' to its INPUTS"


def _is_piece(piece: Piece) -> bool:
    return isinstance(piece, Piece) and all(isinstance(part, Mapping) for part in piece[:2])


def _check_values(plugin: Plugin, piece: Piece) -> Iterator[str]:
    parts = [{**piece.values, **part.values} for part in piece.stages or (piece,)]
    for name in plugin.outputs:
        if not all(name in values for values in parts):
            yield f"returns no value for its output '{name}'; return one, or remove it from OUTPUTS"
    for name in dict.fromkeys(name for values in parts for name in values):
        if name not in plugin.outputs:
            yield f"returns a value for '{name}'; add it to OUTPUTS"


def _check_resource(logical_id: str, resource: Json, place: Place) -> Iterator[str]:
    if not (str(logical_id).startswith(place.prefix) and logical_id.isascii() and logical_id.isalnum()):
        right = f"values['counter_id'] ('{place.prefix}'), then letters and digits"
        yield f"makes the resource '{logical_id}'; its logical id must be {right}"
    if logical_id in place.taken or logical_id == place.prefix:
        yield f"makes the resource '{logical_id}', but that logical id exists already; choose another one"
    kind = resource.get("Type") if isinstance(resource, dict) else None
    if not isinstance(kind, str) or kind == TYPE or kind.endswith("::MODULE"):
        yield f"makes the resource '{logical_id}' with Type {kind!r}; Type must be a plain resource type"
    else:
        yield from (f"makes the resource '{logical_id}'; its {right}" for right in _check_attributes(resource))
        if "Condition" in resource and "Condition" in place.attributes:
            yield f"sets Condition of '{logical_id}'; remove Condition of the counter"


def _check_attributes(resource: Mapping[str, Json]) -> Iterator[str]:
    if not isinstance(resource.get("Properties", {}), dict):
        yield "Properties must be a map"
    if not isinstance(resource.get("Metadata", {}), dict):
        yield "Metadata must be a map"
    if not isinstance(resource.get("Condition", ""), str):
        yield "Condition must be a name"
    named = resource.get("DependsOn", [])
    if not all(isinstance(name, str) for name in (named if isinstance(named, list) else [named])):
        yield "DependsOn must be a logical id or a list of logical ids"
