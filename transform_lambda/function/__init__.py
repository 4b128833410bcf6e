"""``Custom::LambdaFunction``."""
