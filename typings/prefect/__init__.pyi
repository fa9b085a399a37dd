from prefect import runtime as runtime
