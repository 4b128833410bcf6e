"""Have the engine's Python workers answer as AWS's Python runtime does.

AWS's runtime interface client (``awslambdaric``, ``lambda_runtime_marshaller.py``) converts a ``Decimal``, which is the
number type of DynamoDB's resource, to the number with the same digits. The engine's worker raises an error instead.
"""

from typing import Any

_ANSWER = 'json.dumps({"status": "ok", "result": result})'
_CONVERTED = _ANSWER.replace("result})", "result}, default=_to_number)")
_TO_NUMBER = """
def _to_number(value):
    import decimal
    if isinstance(value, decimal.Decimal):
        return int(value) if value.is_finite() and value.as_tuple().exponent == 0 else float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")
"""


def convert_decimals(runtime: Any) -> None:
    """Change the worker script in the engine's module ``lambda_runtime``, before a worker starts."""
    script = runtime._PYTHON_WORKER_SCRIPT
    assert script.count(_ANSWER) == 1, "the engine's worker answers in another way; adapt worker.py"
    runtime._PYTHON_WORKER_SCRIPT = _TO_NUMBER + script.replace(_ANSWER, _CONVERTED)
