"""`python -m symkit` is the command line."""

from symkit.cli import main

if __name__ == "__main__":
    main()
