"""The custom resource ``Custom::APIGatewayResource``."""
