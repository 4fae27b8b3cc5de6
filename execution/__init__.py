"""How an operation runs: rules from the schema, decisions per selection, the gated executor, request errors.

Takes a GraphQLSchema as argument and never imports schema; knows no document and no field by name.
"""
