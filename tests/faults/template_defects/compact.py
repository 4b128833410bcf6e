"""Mistakes of an author in a compact template, with the place and the source of each expected message."""

from typing import NamedTuple

VALID = """\
Transform: HitCounterMacro
Parameters:
  Colour: {Type: String, Default: blue}
Conditions:
  IsBlue: !Equals [!Ref Colour, blue]
Resources:
  Visits:
    Type: HitCounter
    Condition: IsBlue
    Properties:
      Gateway: rest
      Path: hits/{name}
      Method: GET
      Shards: 2
      Env:
        colour: !Ref Colour
      Table:
        BillingMode: PAY_PER_REQUEST
      Tags:
        team: web
  Downloads:
    Type: HitCounter
    DependsOn: Topic
    DeletionPolicy: Retain
    Properties:
      Gateway: http
      Integration: proxy
      Stages: [prod]
      LogGroup: {RetentionInDays: 30}
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      KmsMasterKeyId: alias/aws/sns
Outputs:
  Url:
    Condition: IsBlue
    Value: !GetAtt Visits.Url
  Base:
    Value: !Sub '${Downloads.ProdUrl}?from=${Topic.TopicName}'
"""


class Mistake(NamedTuple):
    """A mistake: ``put`` replaces ``find`` in ``VALID``. » marks the reported place; ``said`` starts the message."""

    find: str
    put: str
    said: str


REFUSED = {
    "a text for a number": Mistake(
        "Shards: 2", "Shards: »many", "Resources.Visits.Properties.Shards: must be an integer"
    ),
    "a number too large": Mistake("Shards: 2", "Shards: »65", "Resources.Visits.Properties.Shards: must be an integer"),
    "a property misspelt": Mistake(
        "Shards: 2", "»Shard: 2", "Resources.Visits.Properties.Shard: unknown property; did"
    ),
    "a gateway that is none": Mistake(
        "Gateway: rest", "Gateway: »soap", "Resources.Visits.Properties.Gateway: must be"
    ),
    "a path without a name": Mistake(
        "hits/{name}",
        "»hits",
        "Resources.Visits.Properties.Path: must be a path of letters, digits and . _ : - with {name}",
    ),
    "a method that is none": Mistake("Method: GET", "Method: »FETCH", "Resources.Visits.Properties.Method: must be"),
    "mapped on HTTP": Mistake(
        "Integration: proxy", "Integration: »mapped", "Resources.Downloads.Properties.Integration"
    ),
    "a list of tags": Mistake(
        "Tags:\n        team: web", "»Tags: [web]", "Resources.Visits.Properties.Tags: must be a map of"
    ),
    "an intrinsic where a literal is due": Mistake(
        "Method: GET", "Method: »!GetAtt Topic.TopicName", "Resources.Visits.Properties.Method: must be a literal"
    ),
    "an unknown parameter where a literal is due": Mistake(
        "Shards: 2",
        "Shards: »!Ref Many",
        "Resources.Visits.Properties.Shards: must be a literal or !Ref to a template parameter",
    ),
    "an env file without code": Mistake(
        "Shards: 2", "EnvFile: »app.env", "Resources.Visits.Properties.EnvFile: applies only to your own code"
    ),
    "a name that the counter sets": Mistake(
        "colour: !Ref Colour", "»table: x", "Resources.Visits.Properties.Env.table: is set by the counter"
    ),
    "a plug-in that is not there": Mistake(
        "Shards: 2", "Plugins: [»topics]", "Resources.Visits.Properties.Plugins[0]: unknown plugin 'topics'"
    ),
    "a plug-in that is there anyway": Mistake(
        "Shards: 2",
        "Plugins: [»role]",
        "Resources.Visits.Properties.Plugins[0]: every counter has the built-in plugin 'role'",
    ),
    "a runtime that is a number": Mistake(
        "Shards: 2", "Runtime: »3.13", "Resources.Visits.Properties.Runtime: must be a string"
    ),
    "stages that become one": Mistake(
        "[prod]", "[prod, »p-rod]", "Resources.Downloads.Properties.Stages[1]: 'prod' and 'p-rod' both become Prod"
    ),
    "an attribute misspelt": Mistake(
        "!GetAtt Visits.Url", "»!GetAtt Visits.Urll", "Outputs.Url.Value: counter Visits has no attribute 'Urll'; known"
    ),
    "an attribute of a stage that is not there": Mistake(
        "!Sub '${Downloads.ProdUrl}",
        "»!Sub '${Downloads.TestUrl}",
        "Outputs.Base.Value: counter Downloads has no attribute",
    ),
    "Ref with an attribute": Mistake(
        "!GetAtt Visits.Url", "»!Ref Visits.Url", "Outputs.Url.Value: !Ref takes no attribute; did you mean !GetAtt"
    ),
    "a counter in a condition": Mistake(
        "Conditions:\n  IsBlue: !Equals [!Ref Colour",
        "»Conditions:\n  IsBlue: !Equals [!Ref Visits",
        "Conditions: refers to the counter Visits, but Conditions must not refer to resources",
    ),
    "a counter that waits for itself": Mistake(
        "DependsOn: Topic", "DependsOn: »Downloads", "Resources.Downloads.DependsOn: a counter can't depend on itself"
    ),
    "a policy that is none": Mistake(
        "DeletionPolicy: Retain", "DeletionPolicy: »Keep", "Resources.Downloads.DeletionPolicy: must be Delete, Retain"
    ),
    "an attribute for what scales": Mistake(
        "DeletionPolicy: Retain",
        "»CreationPolicy: {}",
        "Resources.Downloads.CreationPolicy: no resource of a counter supports",
    ),
    "a type misspelt": Mistake(
        "Visits:\n    Type: HitCounter",
        "Visits:\n    Type: »HitCounters",
        "Resources.Visits.Type: unknown type 'HitCounters'; did you mean 'HitCounter'?",
    ),
    "an id that is none": Mistake(
        "  Topic:\n    Type",
        "  »My_Hits: {Type: HitCounter}\n  Topic:\n    Type",
        "Resources.My_Hits: a logical id must consist of",
    ),
    "an id that a counter makes": Mistake(
        "  Visits:\n",
        "  VisitsTable: {Type: AWS::SNS::Topic}\n  »Visits:\n",
        "Resources.Visits: makes the resource VisitsTable",
    ),
    "a key that stands twice": Mistake(
        "Method: GET", "Method: GET\n      »Method: PUT", "Resources.Visits.Properties.Method: stands twice, first in"
    ),
    "values that go round in a circle": Mistake(
        "  Visits:\n    Type: HitCounter\n    Condition: IsBlue\n    Properties:\n",
        "  »Visits:\n    Type: HitCounter\n    Condition: IsBlue\n    Properties:\n      Handler: !GetAtt Visits.Url\n",
        "Resources.Visits: plugins depend on each other: function → gateway_rest → function, through function_arn, url",
    ),
    "YAML that ends in the middle": Mistake(
        "prod]\n      LogGroup:",
        "prod\n      LogGroup»:",
        "broken YAML: ",
    ),
}

LINTED = {
    "a value that the table does not take": Mistake("BillingMode: PAY_PER_REQUEST", "»BillingMode: SOMETIMES", "E3030"),
    "a property of the table's misspelt": Mistake("BillingMode:", "»BillingMod:", "E3002"),
    "days that logs cannot be kept": Mistake("RetentionInDays: 30", "»RetentionInDays: 31", "E3030"),
    "a Ref to nothing": Mistake("colour: !Ref Colour", "colour: »!Ref Color", "E1020"),
    "a condition that is not there": Mistake(
        "Condition: IsBlue\n    Properties", "»Condition: IsRed\n    Properties", "E3015"
    ),
    "waiting for what is not there": Mistake("DependsOn: Topic", "»DependsOn: Topics", "E3005"),
    "a function that is none": Mistake("BillingMode: PAY_PER_REQUEST", "»BillingMode: !Env MODE", "E3012"),
    "a Sub of what is not there": Mistake(
        "Value: !Sub '${Downloads.ProdUrl}?from=${Topic.", "»Value: !Sub '${Downloads.ProdUrl}?from=${Topik.", "E6101"
    ),
    "an output of what may be missing": Mistake("Condition: IsBlue\n    Value", "»Value", "W1001"),
    "a parameter that nothing uses": Mistake("Conditions:", "  »Size: {Type: Number}\nConditions:", "W2001"),
    "a property of the author's own misspelt": Mistake("KmsMasterKeyId:", "»KmsKeyId:", "E3002"),
}
