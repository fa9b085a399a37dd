"""Several processes that drive the runs of one store on PostgreSQL, beside DBOS and LangGraph on the same server."""
