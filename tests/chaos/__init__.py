"""Random lives on the twin, through chaos: what Gatehouse decides on the way, and what it holds at rest, is judged."""
