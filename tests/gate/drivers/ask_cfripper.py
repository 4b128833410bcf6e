"""Print as JSON what cfripper finds in the templates of a folder: run by the Python of cfripper's own environment."""

import json
import logging
import sys
from pathlib import Path

import pycfmodel
from cfripper.cli import init_cfripper

# A rule that fails is among the findings.
logging.disable()


def scan(folder):
    config, processor = init_cfripper(None, None, None, None)
    for path in sorted(Path(folder).glob("*.json")):
        try:
            model = pycfmodel.parse(json.loads(path.read_text("utf-8"))).resolve()
        except Exception as error:
            yield {"id": "unreadable", "template": path.stem, "resource": "", "message": type(error).__name__}
            continue
        result = processor.process_cf_template(model, config)
        for error in result.exceptions:
            yield {"id": "crashed", "template": path.stem, "resource": "", "message": repr(error)}
        for each in result.failures:
            for resource in each.resource_ids or [""]:
                yield {"id": each.rule, "template": path.stem, "resource": resource, "message": each.reason}


print(json.dumps(list(scan(sys.argv[1]))))
