"""`python -m smelt` is the command `smelt`."""

from smelt.cli.main import main

if __name__ == "__main__":
    main()
