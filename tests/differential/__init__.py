"""The differential proof: whatever is asked, the compiled answer is the executor's.

Documents are drawn from a schema itself, by `documents`; nothing here lists the fields of the schema that is served.
"""
