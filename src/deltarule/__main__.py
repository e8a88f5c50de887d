"""`python -m deltarule` is the command `deltarule`."""

from deltarule.cli.main import run

if __name__ == "__main__":
    run()
