"""`python -m tests.model`: what the searches find, and the shortest way to the fault of each mutant."""

from tests.model.search import search
from tests.model.setups import MUTANTS, QUICK
from tests.model.world import Design

if __name__ == "__main__":
    found = {setup.name: search(setup, Design()) for setup in QUICK}
    found |= {f"Mutant: {name}": search(*mutant) for name, mutant in MUTANTS.items()}
    print(*(f"{name}: {outcome}" for name, outcome in found.items()), sep="\n\n")  # noqa: T201 - that is its purpose
