"""The twin judged by stripe-python: its client asks, its types check the answers."""
