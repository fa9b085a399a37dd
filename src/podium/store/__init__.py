"""What is remembered: the only package that touches a disk or a database.

What can be committed is in `operations`, what the house asks of a store in `protocol`, what every backend does alike in
`journaling`; a backend is a folder, such as `sqlite`, and `opening` finds it by an address. Imports `telemetry`,
`config`, `model`.
"""
