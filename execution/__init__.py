"""How an operation runs: rules from the schema, one decision for each (type, selection), the gated executor.

Words: RuleBook (what the schema asks for), Gate (what one caller is denied), Contract (a schema ready to serve),
Operation and Answer. Faces: `contract.prepare`, `execute.execute`, `execute.subscribe`, `selection.open_selection`,
`denials.access_of`. Takes a GraphQLSchema as argument, never imports schema, knows no document and no field by name.
"""
