"""The installed command line, `gatehouse`: one module for each command.

Owns: arguments, progress, what is printed, exit codes, and which parts of the machine a command runs on.
A command module has a docstring (its --help), `add_arguments(parser)` and `main(arguments) -> int`.
Does not own: any decision; a command assembles through `app` and calls the rooms below.
"""
