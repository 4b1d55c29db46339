"""The command of maintainers: `python -m lmlab.course.authoring build` and `verify`."""

import argparse
import sys
from pathlib import Path
from typing import NoReturn

from lmlab.course.authoring.project import COMMAND, AuthoringError, choose, find_root


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        print(f"{message} ({self.prog} --help says more)", file=sys.stderr)
        sys.exit(2)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=COMMAND,
        description="Make notebooks and exercises from their sources.",
        epilog="Exit code: 0 all is well, 1 something is to mend, 2 wrong use.",
    )
    commands = parser.add_subparsers(
        dest="command", required=True, parser_class=_Parser
    )
    build = commands.add_parser(
        "build",
        help="derive and execute what is stale",
        description="Derive and execute all that is stale, and only that; write the "
        "table of lessons in README.md.",
        epilog=f"Example: {COMMAND} build lessons/03_forward_pass.py",
    )
    build.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="pages or folders; a solution brings its exercise along (default: all)",
    )
    build.add_argument(
        "--force", action="store_true", help="build even what is not stale"
    )
    build.add_argument(
        "--drop-edits",
        action="store_true",
        help="overwrite edits that stand only in a stored notebook (needs a PATH)",
    )
    commands.add_parser(
        "verify",
        help="name what is stale or wrong, and the command that mends it",
        description="Name each file that is stale, missing or over budget, why, and "
        "the command that mends it. Runs no notebook.",
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    start = Path.cwd()
    try:
        root = find_root(start)
        if asked.command == "verify":
            return _verify(root)
        if asked.drop_edits and not asked.paths:
            parser.error(
                "--drop-edits needs a PATH: it overwrites what was written there"
            )
        pages = choose(root, asked.paths, start)
    except AuthoringError as error:
        parser.error(str(error))
    from lmlab.course.authoring.build import build

    try:
        well = build(
            root,
            pages,
            force=asked.force,
            drop_edits=asked.drop_edits,
            say=lambda line: print(line, flush=True),
        )
    except KeyboardInterrupt:
        print("interrupted; what was not built yet is as it was", file=sys.stderr)
        return 130
    return 0 if well else 1


def _verify(root: Path) -> int:
    from lmlab.course.authoring.verify import verify

    problems = verify(root)
    for problem in problems:
        print(problem)
    if problems:
        print(f"{len(problems)} to mend")
        return 1
    print("every page is as its source makes it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
