"""The one place that picks adapters and providers."""
