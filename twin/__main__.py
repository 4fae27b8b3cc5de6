"""`python -m twin`."""

import argparse
import sys

from twin.arguments import add_arguments, main

parser = argparse.ArgumentParser(prog="twin", description="An offline twin of Stripe, for demo and tests.")
add_arguments(parser)
sys.exit(main(parser.parse_args()))
