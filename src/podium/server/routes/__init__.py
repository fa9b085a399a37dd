"""What is asked over HTTP: a file for each resource. A route reads the request, asks the façade, and gives a body."""
