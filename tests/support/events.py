"""Events in the shape that AWS sends, rebuilt from what others recorded: see *Assumptions about AWS* in the READMEs."""

import json
from pathlib import Path

EVENTS = Path(__file__).parent.parent / "events"


def read_event(name):
    """The event of ``rest_proxy`` or ``http_2_0``, or a list of those of ``custom_resource``."""
    return json.loads((EVENTS / f"{name}.json").read_text("utf-8"))
