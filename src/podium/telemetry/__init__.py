"""What is noticed: whoever observes runs, and spans over OpenTelemetry. Imports `model`."""
