"""Read the kept table as a counter's Table property, and verify that the conversion doesn't replace the table."""

from macro.cli.convert import sam
from macro.errors import Path, Problem, describe
from macro.plugin import Json, Template, Values

KEY = "name"
# A change of one of these properties replaces the table with a new, empty table
# ("AWS::DynamoDB::Table", "Update requires: Replacement").
REPLACING = ("TableName", "KeySchema", "LocalSecondaryIndexes", "ImportSourceSpecification")
_TABLE = "AWS::DynamoDB::Table"
_KEYS = [{"AttributeName": KEY, "KeyType": "HASH"}]
_ATTRIBUTE = {"AttributeName": KEY, "AttributeType": "S"}
# The defaults of a counter's table.
_DEFAULTS: Values = {"KeySchema": _KEYS, "AttributeDefinitions": [_ATTRIBUTE], "BillingMode": "PAY_PER_REQUEST"}
_ON: Values = {
    "SSESpecification": {"SSEEnabled": True},
    "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
}


def read_plain(resource: Values) -> dict[str, Json]:
    """The table's properties as CloudFormation gets them. A SAM table's properties are translated."""
    properties: Values = resource["Properties"]
    if resource["Type"] != sam.TABLE:
        return dict(properties)
    key = sam.read_map(properties.get("PrimaryKey", {"Name": "id", "Type": "String"}))
    kind = str(key.get("Type"))[:1]
    plain = {name: value for name, value in properties.items() if name not in ("PrimaryKey", "Tags")}
    if isinstance(properties.get("Tags"), dict):
        plain["Tags"] = [{"Key": name, "Value": value} for name, value in properties["Tags"].items()]
    billing = {} if "ProvisionedThroughput" in properties else {"BillingMode": "PAY_PER_REQUEST"}
    return {
        "AttributeDefinitions": [{"AttributeName": key.get("Name"), "AttributeType": kind}],
        "KeySchema": [{"AttributeName": key.get("Name"), "KeyType": "HASH"}],
        **billing,
        **plain,
    }


def read_table(name: str, resource: Values, problems: list[Problem]) -> dict[str, Json]:
    """The counter's ``Table``: the table's properties that differ from the defaults of a counter's table.

    Adds a problem if the table is a global table or has a key other than a counter's.
    """
    place: Path = ("Resources", name, "Properties")
    if resource["Type"] == "AWS::DynamoDB::GlobalTable":
        problems.append(Problem((*place[:2], "Type"), f"must be {_TABLE}, which is what a counter makes"))
        return {}
    plain = read_plain(resource)
    if plain.get("KeySchema") != _KEYS or _ATTRIBUTE not in sam.read_list(plain.get("AttributeDefinitions")):
        said = "PrimaryKey" if resource["Type"] == sam.TABLE else "KeySchema"
        text = (
            f"has the key {_describe_key(plain)}; a counter's is '{KEY}' (HASH, S), and a table's key can't be "
            "changed: leave this one by hand, or count anew and copy its items"
        )
        problems.append(Problem((*place, said), text))
    if not plain.get("BillingMode"):
        plain["BillingMode"] = "PROVISIONED"
    return {each: value for each, value in plain.items() if value != {**_DEFAULTS, **_ON}.get(each)}


def name_counter(table: str) -> str | None:
    """The logical ID of the counter whose table has the ID ``table``: ``"Visits"`` for ``"VisitsTable"``.

    ``None`` if no counter's table can have this ID.
    """
    return table.removesuffix("Table") if table.endswith("Table") and table != "Table" else None


def list_turned_on(resource: Values) -> list[str]:
    """The settings that the conversion turns on, without replacing the table, because a counter's table has them."""
    return [name for name in _ON if name not in resource["Properties"]]


def check_kept(table: str, before: Values, expanded: Template) -> list[str]:
    """The settings and data that the table would lose in the expansion; empty if the expansion keeps the table."""
    after = expanded["Resources"].get(table)
    if not isinstance(after, dict) or after.get("Type") != _TABLE:
        return [f"{table} is no {_TABLE} any more"]
    was, now = read_plain(before), after["Properties"]
    lost = [f"{table}.{name} changes, which replaces the table" for name in REPLACING if was.get(name) != now.get(name)]
    kinds = [_list_kinds(each) for each in (was, now)]
    if not kinds[0].items() <= kinds[1].items():
        lost.append(f"{table}.AttributeDefinitions change, which replaces the table or an index")
    weak = [name for name in ("DeletionPolicy", "UpdateReplacePolicy") if after.get(name) != "Retain"]
    return lost + [f"{table}.{name} is {after.get(name)}, not Retain" for name in weak]


def _list_kinds(properties: Values) -> dict[str, Json]:
    listed = map(sam.read_map, sam.read_list(properties.get("AttributeDefinitions")))
    return {str(each.get("AttributeName")): each.get("AttributeType") for each in listed}


def _describe_key(plain: Values) -> str:
    keys = plain.get("KeySchema")
    kinds = _list_kinds(plain)
    if not isinstance(keys, list):
        return describe(keys)
    parts = [(str(each.get("AttributeName")), each.get("KeyType")) for each in map(sam.read_map, keys)]
    return " with ".join(f"'{name}' ({kind}, {kinds.get(name, '?')})" for name, kind in parts)
