"""The GraphQL contract: types, inputs, gates and audiences. Every description here is the client developer's manual.

Types only declare over the records that resolvers return. A gate stands beside its field; nothing else is to be done.
Face: `schema.build.build_schemas`. Does not own what a field fetches (resolvers) nor how gates hold (execution).
"""
