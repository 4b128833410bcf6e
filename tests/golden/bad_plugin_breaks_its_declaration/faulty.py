"""A plug-in whose piece breaks its declaration."""

from macro.plugin import Piece

INPUTS = ("counter_id",)
OUTPUTS = ("promised",)


def build(values):
    resources = {
        "Other": {"Type": "AWS::SNS::Topic"},
        "VisitsTable": {"Type": "AWS::SNS::Topic"},
        "VisitsNone": {},
        "VisitsAgain": {"Type": "HitCounter"},
        "VisitsModule": {"Type": "My::Big::Thing::MODULE"},
        "VisitsList": {"Type": "AWS::SNS::Topic", "Properties": []},
    }
    return Piece({"other": 1, "odd": {1, 2}}, resources)
