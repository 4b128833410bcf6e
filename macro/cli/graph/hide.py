"""Remove secrets from definitions, because a picture reaches more readers than its template."""

import re
from collections.abc import Collection, Mapping

from macro.counter.literals import is_no_echo
from macro.intrinsic import VARIABLE
from macro.plugin import Json

HIDDEN = "***"
# Below these keys, and below keys that match _SECRET, a picture shows only references.
_SECRET_KEYS = {"env", "environment", "variables", "userdata"}
_SECRET = re.compile(
    r"passw|passphrase|secret|credential|private_?key|api_?key|access_?key|connection_?string|token$", re.IGNORECASE
)
_PUBLIC_KEYS = {"servicetoken"}
# Shorter secrets occur in other words by chance.
_MIN_LENGTH = 4
_KEPT_FORMS = ("Ref", "Fn::GetAtt")


def find_secrets(parameters: Json, given: Mapping[str, Json]) -> list[str]:
    """The values of the parameters with ``NoEcho``, the longest first. ``given`` holds the command line's values."""
    found: set[str] = set()
    for name, rule in parameters.items() if isinstance(parameters, Mapping) else ():
        if is_no_echo(rule):
            values = [rule.get("Default"), given.get(name)]
            found |= {str(value) for value in values if value not in (None, "")}
    return sorted(found, key=lambda text: (-len(text), text))


def hide(node: Json, secrets: Collection[str] = ()) -> Json:
    """The tree without secrets.

    ``HIDDEN`` replaces the values of env files, of environments, of keys that sound secret, and of ``secrets``.
    """
    if isinstance(node, Mapping):
        secret_keys = _SECRET_KEYS | ({"default", "allowedvalues"} if is_no_echo(node) else set())
        return {
            hide_text(str(key), secrets): _hide_values(value)
            if _is_secret(str(key), secret_keys)
            else hide(value, secrets)
            for key, value in node.items()
        }
    if isinstance(node, list):
        return [hide(item, secrets) for item in node]
    if isinstance(node, str):
        return hide_text(node, secrets)
    return HIDDEN if str(node) in secrets and not isinstance(node, bool) and node is not None else node


def hide_text(text: str, secrets: Collection[str]) -> str:
    """The text without the secrets. A secret shorter than ``_MIN_LENGTH`` is hidden only if it is the whole text."""
    for secret in secrets:
        text = HIDDEN if text == secret else text.replace(secret, HIDDEN) if len(secret) >= _MIN_LENGTH else text
    return text


def _is_secret(key: str, secret_keys: Collection[str]) -> bool:
    name = key.lower()
    return name in secret_keys or (name not in _PUBLIC_KEYS and bool(_SECRET.search(key)))


def _hide_values(node: Json) -> Json:
    """The tree with only its keys and references. ``HIDDEN`` replaces each other value."""
    if isinstance(node, Mapping):
        form = next(iter(node)) if len(node) == 1 else ""
        if form in _KEPT_FORMS:
            return node
        if form == "Fn::If" and isinstance(node[form], list):
            return {form: [*node[form][:1], *map(_hide_values, node[form][1:])]}
        if form == "Fn::Sub" and isinstance(node[form], str):
            return {form: _keep_variables(node[form])}
        if form == "Fn::Sub" and isinstance(node[form], list) and isinstance(node[form][0], str):
            return {form: [_keep_variables(node[form][0]), *map(_hide_values, node[form][1:])]}
        return {key: _hide_values(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_hide_values(item) for item in node]
    return HIDDEN


def _keep_variables(text: str) -> str:
    """The text with only its variables: ``***${Table}***`` for ``secret${Table}secret``."""
    parts = VARIABLE.split(text)
    return "".join(f"${{{part}}}" if place % 2 else HIDDEN if part else "" for place, part in enumerate(parts))
