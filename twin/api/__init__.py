"""How a request becomes an answer: form decoding, parameters as stripe-python types them, routes, pages, expansion.

It knows no resource: those declare their routes here. What stripe-python can ask and nobody declared answers 501.
"""
