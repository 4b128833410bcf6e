"""The custom resource ``Custom::LambdaFunction``."""
