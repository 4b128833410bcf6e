"""``Custom::APIGatewayResource``."""
