"""Entry point of `python -m transform_lambda`, which shows on a developer's machine what the companion would do."""

from transform_lambda.env.command import main

if __name__ == "__main__":
    raise SystemExit(main())
