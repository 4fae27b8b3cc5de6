"""A factory of `bench.gatehouse` on PORT, as Gatehouse's own command serves it, without an access log.

`python -m bench.serve FACTORY`.
"""

import os
import sys

import uvicorn

from bench.servers import HOST
from web.protocol import Protocol

if __name__ == "__main__":
    uvicorn.run(
        f"bench.gatehouse:{sys.argv[1]}",
        factory=True,
        http=Protocol,
        host=HOST,
        port=int(os.environ["PORT"]),
        access_log=False,
        log_level="warning",
    )
