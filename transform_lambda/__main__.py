"""python -m transform_lambda: what the companion would do, on a developer's machine."""

from transform_lambda.env.command import main

if __name__ == "__main__":
    raise SystemExit(main())
