"""The hosted pages that a person clicks through: checkout, 3-D Secure, the portal, an invoice. Plain HTML, no script.

Each answers what a person does by the same rules as the API; none is reachable with an id that was not handed out.
"""
