"""How searches draw their first functions and vary them, on networkx graphs."""
