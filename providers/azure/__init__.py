"""Azure by the generic ARM pipeline of azure-mgmt-core."""
