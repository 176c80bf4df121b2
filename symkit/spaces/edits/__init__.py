"""Graph edit distances, and children on shortest paths of edits."""
