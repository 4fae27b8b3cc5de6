"""The HTTP edge: the GraphQL endpoints and their sockets, problems, health, metrics, keys, the explorer.

Owns what a request may look like and how an answer travels. Does not own what is answered: that is `execution`
over `schema`; nor who is calling: that is `identity`.
"""
