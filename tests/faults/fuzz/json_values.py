"""Random JSON values, some of them hostile, and random faults in a valid document."""

import copy

TEXTS = (
    "",
    "x",
    "Visits",
    "Create",
    "Delete",
    "HitCounter",
    "Ref",
    "Fn::Sub",
    "${Visits.Url}",
    "${",
    "a.b",
    "*",
    "true",
)
TEXTS += (
    "\ud800",
    "\0",
    "\u2028",
    "é\U0001f600",
    "x" * 300,
    "x" * 5_000,
    "-1",
    "1e999",
    "NaN",
    "${!x}",
    "Fn::If",
    "\n",
)
NUMBERS = (0, 1, -1, 2, 65, 1 << 31, 1 << 64, 10**400, 0.5, -0.0, 1e308, 5e-324)
KEYS = (
    "Ref",
    "Fn::Sub",
    "Fn::GetAtt",
    "Fn::If",
    "Fn::Transform",
    "Type",
    "Properties",
    "Env",
    "Stages",
    "Path",
    "Name",
    "x",
)
KEYS += ("DependsOn", "Condition", "Metadata", "Resources", "Parameters", "Default", "", "\ud800", "Fn::ForEach::X")


def make_value(chance, depth=3):
    """A random value."""
    kind = chance.randrange(9 if depth else 6)
    if kind < 3:
        return chance.choice(TEXTS)
    if kind < 5:
        return chance.choice(NUMBERS)
    if kind == 5:
        return chance.choice((None, True, False))
    if kind == 6:
        return [make_value(chance, depth - 1) for _ in range(chance.randrange(4))]
    if kind == 7:
        return {chance.choice(KEYS): make_value(chance, depth - 1) for _ in range(chance.randrange(4))}
    return nest(chance.choice((3, 50, 400, 1_500)), chance.choice(("x", {"Ref": "Visits"})))


def nest(depth, leaf):
    """The leaf inside ``depth`` maps and lists."""
    for level in range(depth):
        leaf = [leaf] if level % 2 else {"x": leaf}
    return leaf


def change(document, chance):
    """A copy with one to three parts replaced, removed, renamed, doubled or exchanged."""
    document = {"": copy.deepcopy(document)}
    for _ in range(chance.choice((1, 1, 2, 3))):
        places = list(_places(document))
        node, part = chance.choice(places)
        kind = chance.randrange(6)
        if kind == 0 and part != "":
            del node[part]
        elif kind == 1 and isinstance(node, dict) and part != "":
            node[chance.choice(KEYS)] = node.pop(part)
        elif kind == 2:
            other, place = chance.choice(places)
            node[part] = _copied(other[place])
        elif kind == 3 and isinstance(node[part], dict):
            node[part][chance.choice(KEYS)] = make_value(chance)
        else:
            node[part] = make_value(chance)
    return document[""]


def _copied(node):
    try:
        return copy.deepcopy(node)
    except RecursionError:
        return "x"


def _places(node):
    """Each part of the document as (container, key), without very deep parts."""
    found, level = [(node, 0)], 0
    while found:
        holder, level = found.pop()
        for part in list(holder) if isinstance(holder, dict) else range(len(holder)):
            yield holder, part
            if isinstance(holder[part], (dict, list)) and level < 12:
                found.append((holder[part], level + 1))
