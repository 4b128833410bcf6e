"""Find the calls of this macro in a template: in ``Transform``, or as ``Fn::Transform`` in ``Resources``."""

from collections.abc import Mapping

from macro.plugin import Json, Template

MACRO = "HitCounterMacro"
INNER = "Fn::Transform"


def is_resource_map(fragment: Mapping[str, Json]) -> bool:
    """Whether a macro's fragment is the content of ``Resources``, not a whole template.

    CloudFormation sends either form (template-macros-author, "Macro scope"), without saying which.
    """
    resources = fragment.get("Resources")
    if isinstance(resources, dict):
        return isinstance(resources.get("Type"), str)
    return "AWSTemplateFormatVersion" not in fragment


def split_transform(template: Template) -> tuple[Template, str | None]:
    """The template without the macro's first transform, and the name of that transform. Other transforms stay.

    The name is ``None`` if the template names no transform of the macro.
    """
    listed = template.get("Transform")
    entries = listed if isinstance(listed, list) else [listed]
    names = [entry.get("Name") if isinstance(entry, dict) else entry for entry in entries]
    ours = next((name for name in names if _is_ours(name)), None)
    if ours is None:
        return template, None
    rest = [entry for entry, name in zip(entries, names, strict=True) if name != ours]
    if rest:
        return {**template, "Transform": rest}, ours
    return {key: value for key, value in template.items() if key != "Transform"}, ours


def find_transform(transform: Json) -> str | None:
    """The macro's name in an ``Fn::Transform``, which is one transform or a list. ``None`` without the macro."""
    entries = transform if isinstance(transform, list) else [transform]
    names = [entry.get("Name") for entry in entries if isinstance(entry, dict)]
    return next(filter(_is_ours, names), None)


def find_inner(template: Template) -> str | None:
    """The macro's name in the ``Fn::Transform`` of ``Resources``. ``None`` without the macro."""
    resources = template.get("Resources")
    return find_transform(resources.get(INNER)) if isinstance(resources, dict) else None


def drop_inner(resources: Mapping[str, Json]) -> dict[str, Json]:
    """The content of ``Resources`` without its ``Fn::Transform``."""
    return {name: resource for name, resource in resources.items() if name != INNER}


def read_suffix(transform_id: str) -> str:
    """The suffix that identifies an installation: ``"Beta"`` in ``"123456789012::HitCounterMacroBeta"``."""
    name = transform_id.rpartition("::")[2]
    return name.removeprefix(MACRO) if name.startswith(MACRO) else ""


def _is_ours(name: Json) -> bool:
    return isinstance(name, str) and name.startswith(MACRO)
