"""A server of the Model Context Protocol over standard input and output: `mcp_server.py LOG` notes each call there.

It is written by hand, as importing the library takes longer than the test. The client is the library's.
"""

import json
import sys
from pathlib import Path

VERSION = "2025-06-18"
WORK = {
    "name": "work",
    "description": "Do some work.",
    "inputSchema": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
}


def answer(method: str, asked: dict[str, dict[str, int]]) -> dict[str, object] | None:
    """Return the result of a request; None where there is no such method."""
    match method:
        case "initialize":
            about = {"name": "calc", "version": "1"}
            return {"protocolVersion": VERSION, "capabilities": {"tools": {}}, "serverInfo": about}
        case "tools/list":
            return {"tools": [WORK]}
        case "tools/call":
            with Path(sys.argv[1]).open("a") as log:
                log.write("work ")
            return {"content": [{"type": "text", "text": f"worked {asked['arguments']['n']}"}]}
        case _:
            return None


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        if "id" not in asked:
            continue  # a notification
        result = answer(asked["method"], asked.get("params", {}))
        said = {"error": {"code": -32601, "message": "no such method"}} if result is None else {"result": result}
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": asked["id"], **said}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
