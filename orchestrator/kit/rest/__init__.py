"""A provider for a plain REST API from data alone: a client, a kind as a row of facts, and the provider over them."""
