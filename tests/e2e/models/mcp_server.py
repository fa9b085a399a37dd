"""A server of the Model Context Protocol over standard input and output: `mcp_server.py LOG` notes each call there."""

import sys
from pathlib import Path

from mcp.server.mcpserver import MCPServer

server = MCPServer("calc")


@server.tool()
def work(n: int) -> str:
    """Do some work."""
    with Path(sys.argv[1]).open("a") as log:
        log.write("work ")
    return f"worked {n}"


if __name__ == "__main__":
    server.run("stdio")
