"""Stripe's resources, one module each: its routes beside what they do. The rules themselves are in `billing`."""
