"""Read the kept table as a counter's Table property, and verify that the conversion doesn't replace the table."""

from macro.cli.convert import sam
from macro.errors import Problems, describe
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
_ENABLED: Values = {
    "SSESpecification": {"SSEEnabled": True},
    "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
}


def read_plain(resource: Values) -> dict[str, Json]:
    """The table's properties as CloudFormation gets them. A SAM table's properties are translated."""
    properties: Values = resource["Properties"]
    if resource["Type"] != sam.TABLE:
        return dict(properties)
    key = sam.as_map(properties.get("PrimaryKey", {"Name": "id", "Type": "String"}))
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


def read_table(resource: Values, problems: Problems) -> dict[str, Json]:
    """The counter's ``Table``: the table's properties that differ from the defaults of a counter's table.

    Adds a problem for a global table, and for a key other than a counter's. ``problems`` is at the table.
    """
    if resource["Type"] == "AWS::DynamoDB::GlobalTable":
        problems.at("Type").add(f"must be {_TABLE}, the type of a counter's table")
        return {}
    plain = read_plain(resource)
    if plain.get("KeySchema") != _KEYS or _ATTRIBUTE not in sam.as_list(plain.get("AttributeDefinitions")):
        text = (
            f"must be '{KEY}' (HASH, S), got {_describe_key(plain)}; a table's key can't be changed: "
            "don't convert this table, or create a counter beside it and copy the items"
        )
        problems.at("Properties", "PrimaryKey" if resource["Type"] == sam.TABLE else "KeySchema").add(text)
    if not plain.get("BillingMode"):
        plain["BillingMode"] = "PROVISIONED"
    return {each: value for each, value in plain.items() if value != {**_DEFAULTS, **_ENABLED}.get(each)}


def name_counter(table: str) -> str | None:
    """The logical ID of the counter whose table has the ID ``table``: ``"Visits"`` for ``"VisitsTable"``.

    ``None`` if no counter's table can have this ID.
    """
    return table.removesuffix("Table") if table.endswith("Table") and table != "Table" else None


def list_enabled(resource: Values) -> list[str]:
    """The settings that the conversion enables in place, because a counter's table has them."""
    return [name for name in _ENABLED if name not in resource["Properties"]]


def list_losses(table: str, before: Values, expanded: Template) -> list[str]:
    """The settings and data that the table would lose in the expansion; empty if the expansion keeps the table."""
    after = expanded["Resources"].get(table)
    if not isinstance(after, dict) or after.get("Type") != _TABLE:
        return [f"{table} is no longer an {_TABLE}"]
    old, new = read_plain(before), after["Properties"]
    lost = [f"{table}.{name} changes, which replaces the table" for name in REPLACING if old.get(name) != new.get(name)]
    if not _list_attributes(old).items() <= _list_attributes(new).items():
        lost.append(f"{table}.AttributeDefinitions change, which replaces the table or an index")
    unsafe = [name for name in ("DeletionPolicy", "UpdateReplacePolicy") if after.get(name) != "Retain"]
    return lost + [f"{table}.{name} is {after.get(name)}, not Retain" for name in unsafe]


def _list_attributes(properties: Values) -> dict[str, Json]:
    """The types of a table's attributes by name."""
    listed = map(sam.as_map, sam.as_list(properties.get("AttributeDefinitions")))
    return {str(each.get("AttributeName")): each.get("AttributeType") for each in listed}


def _describe_key(plain: Values) -> str:
    keys = plain.get("KeySchema")
    kinds = _list_attributes(plain)
    if not isinstance(keys, list):
        return describe(keys)
    parts = [(str(each.get("AttributeName")), each.get("KeyType")) for each in map(sam.as_map, keys)]
    return " with ".join(f"'{name}' ({kind}, {kinds.get(name, '?')})" for name, kind in parts)
