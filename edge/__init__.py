"""The edge check beside its worker script: `reference.py` says in Python what `gate.mjs` decides."""
