"""Building GraphiQL from its npm package, where Node is there to do so: `python -m web.explorer.build`."""

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PACKAGE, BUILT = HERE / "graphiql", HERE / "dist" / "index.html"


def graphiql_is_built() -> bool:
    """Whether what is built is at least as new as all that it is built from."""
    return BUILT.exists() and BUILT.stat().st_mtime >= max(path.stat().st_mtime for path in PACKAGE.glob("*.*"))


def build_graphiql() -> str | None:
    """Installs the locked packages and copies the page together; takes seconds, needs the npm registry.

    Returns None when it stands, else why it does not: then the explorer is our own small page.
    """
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not installed"
    for command in (["ci", "--no-progress", "--fetch-retries=0", "--fetch-timeout=10000"], ["run", "build"]):
        done = subprocess.run([npm, "--prefix", str(PACKAGE), *command], capture_output=True, text=True, check=False)
        if done.returncode:
            return f"npm {command[0]} failed: {done.stderr.strip()[-500:]}"
    return None


if __name__ == "__main__":
    sys.exit(None if graphiql_is_built() else build_graphiql())
