"""What a caller may see: features, grants, snapshots, and the one decision `decide(rule, access)`.

Words: Feature (what is sold), Grant (one dated reason to hold it), Snapshot (a member's grants at a revision),
Access (what this caller holds now), Rule (what a schema coordinate asks for), Denied.
Does not own plans or prices (billing), nor GraphQL execution (execution).
"""
