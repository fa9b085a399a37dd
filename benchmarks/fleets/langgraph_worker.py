"""A process that invokes graphs over PostgreSQL when it is told to: `… langgraph_worker ADDRESS FIRST RUNS STEPS`.

LangGraph has no queue: who is to drive which run is up to the program. So each process is given its share.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypedDict

from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.graph import END, START, StateGraph  # pyright: ignore[reportMissingTypeStubs]
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

THREADS = 4


class ChainState(TypedDict):
    done: int
    steps: int


def chain_step(state: ChainState) -> dict[str, int]:
    return {"done": state["done"] + 1}


def chain_next(state: ChainState) -> str:
    return "step" if state["done"] < state["steps"] else END


def chain_graph(saver: Any) -> Any:
    builder: Any = StateGraph(ChainState)
    builder.add_node("step", chain_step)
    builder.add_edge(START, "step")
    builder.add_conditional_edges("step", chain_next, ["step", END])
    return builder.compile(checkpointer=saver)


def main() -> None:
    address, (first, runs, steps) = sys.argv[1], map(int, sys.argv[2:])
    settings = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    with ConnectionPool(address, min_size=THREADS, max_size=THREADS, kwargs=settings) as pool:
        saver: Any = PostgresSaver(pool)  # pyright: ignore[reportArgumentType] - its rows are dicts, as it wants them
        saver.setup()
        graph = chain_graph(saver)

        def invoke(run: int) -> int:
            config = {"configurable": {"thread_id": f"run-{run}"}, "recursion_limit": steps + 10}
            return int(graph.invoke({"done": 0, "steps": steps}, config, durability="sync")["done"])

        invoke(-1 - first)
        print("READY", flush=True)
        sys.stdin.readline()
        with ThreadPoolExecutor(THREADS) as threads:
            print(sum(threads.map(invoke, range(first, first + runs))), flush=True)


if __name__ == "__main__":
    main()
