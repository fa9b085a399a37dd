"""Cannot be imported."""

{}["gone"]
