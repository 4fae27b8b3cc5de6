"""What keeps the house clean: `python -m checks` runs every check, each with a name, a time and a remedy.

Tools (ruff, pyright, import-linter) are configured in pyproject.toml. House checks are functions from the tree's
sources to findings; each has a test that plants the fault it is for.
"""
