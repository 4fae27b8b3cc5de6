"""Webhook deliveries: planned when an event is made, signed when sent, retried until taken; and chaos on the way."""
