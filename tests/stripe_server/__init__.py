"""A Stripe for tests: a real HTTP server on loopback whose state follows recorded histories by their own number.

It never learns what was delivered to us. Worlds are histories; `World.position` says how much of each has happened.
"""
